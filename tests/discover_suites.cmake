# Writes, as soon as the tests are built, a CTest entry for each of their
# suites. An entry for each test, as gtest_discover_tests() makes them, would
# start thousands of processes.
#
#   cmake -DPROGRAM=minnow_tests -DOUTPUT=suites.cmake -P discover_suites.cmake
execute_process(
  COMMAND "${PROGRAM}" --gtest_list_tests
  OUTPUT_VARIABLE listing COMMAND_ERROR_IS_FATAL ANY)
# "Suite." with its tests, indented, in the lines below.
string(REGEX MATCHALL "[^\n]+" lines "${listing}")
set(entries "")
foreach(line IN LISTS lines)
  if(line MATCHES "^([A-Za-z0-9_/]+)\\.")
    set(suite "${CMAKE_MATCH_1}")
    string(APPEND entries "add_test([==[${suite}]==] [==[${PROGRAM}]==]"
                          " --gtest_brief=1 [==[--gtest_filter=${suite}.*]==])\n")
  endif()
endforeach()
if(entries STREQUAL "")
  message(FATAL_ERROR "${PROGRAM} has no tests")
endif()
file(WRITE "${OUTPUT}" "${entries}")
