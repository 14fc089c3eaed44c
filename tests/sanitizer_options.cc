// The sanitizers, if the tests are built with one, let an allocation that is
// too large fail, as the system does, instead of ending the program: tests ask
// for such ones on purpose.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
extern "C" const char* __tsan_default_options() {
  return "allocator_may_return_null=1";
}
