# How minnow's code is compiled, and the rule for a library.

add_library(minnow_options INTERFACE)
target_compile_features(minnow_options INTERFACE cxx_std_20)
# No contraction to fused multiply-add: the same bits on every instruction set.
target_compile_options(
  minnow_options INTERFACE -Wall -Wextra -ffp-contract=off -fno-math-errno
                           -fno-trapping-math $<$<BOOL:${MINNOW_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # False alarms of gcc 12 on absl::InlinedVector.
  target_compile_options(
    minnow_options INTERFACE -Wno-uninitialized -Wno-maybe-uninitialized
                             -Wno-array-bounds)
  # gcc collects no garbage: with a precompiled header that takes a twentieth of
  # its time, and saves a tenth of its memory.
  target_compile_options(minnow_options
                         INTERFACE "--param=ggc-min-heapsize=1000000")
endif()
if(MINNOW_SANITIZE)
  # Without recovery: a finding ends the test, rather than being printed only.
  target_compile_options(
    minnow_options INTERFACE -fsanitize=${MINNOW_SANITIZE}
                             -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_definitions(minnow_options INTERFACE MINNOW_BASELINE_ONLY)
  target_link_options(minnow_options INTERFACE -fsanitize=${MINNOW_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(
      minnow_options
      INTERFACE
        "-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignore.txt"
        # Functions of many accesses call the checks: core/vector_math.cc is
        # built in a quarter of the time.
        "SHELL:-mllvm -asan-instrumentation-with-call-threshold=100")
  endif()
endif()
if(MINNOW_COVERAGE)
  target_compile_options(minnow_options INTERFACE --coverage)
  target_link_options(minnow_options INTERFACE --coverage)
endif()

# Precompiled is what nearly all files include: it halves the time of the small
# ones. Headers of core/ and graph/ are among it for all but these two, who must
# not see what their includes do not give them.
set(MINNOW_PRECOMPILED
    <algorithm>
    <array>
    <cmath>
    <cstdint>
    <limits>
    <memory>
    <optional>
    <string>
    <utility>
    <vector>
    <absl/container/flat_hash_map.h>
    <absl/container/flat_hash_set.h>
    <absl/status/statusor.h>
    <absl/strings/str_cat.h>
    <absl/strings/str_join.h>
    <absl/types/span.h>)

# minnow_compile(TARGET)
#
# How the libraries and the program are compiled. A release is optimized by -O2
# and what loops over elements need of -O3: the rest of it takes a third more
# time to build, and makes nothing faster. What reads and writes files waits for
# them, and is built in two thirds of the time by -O1. Nothing throws; see
# minnow_catches.
function(minnow_compile target)
  set(optimize -O2)
  if(target MATCHES "_(proto|interop|cli)$")
    set(optimize -O1)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    list(APPEND optimize -ftree-loop-vectorize -fvect-cost-model=dynamic
         -fno-tree-slp-vectorize -fpeel-loops -funswitch-loops)
  endif()
  target_compile_options(
    ${target} PRIVATE -fno-exceptions "$<$<CONFIG:Release>:${optimize}>")
  if(target STREQUAL minnow_core)
    target_precompile_headers(${target} PRIVATE ${MINNOW_PRECOMPILED})
  elseif(target STREQUAL minnow_graph)
    target_precompile_headers(${target} REUSE_FROM minnow_core)
  elseif(target STREQUAL minnow_ops)
    target_precompile_headers(
      ${target} PRIVATE ${MINNOW_PRECOMPILED} <minnow/graph/op_def.h>
      <minnow/graph/builder.h>)
  else()
    target_precompile_headers(${target} REUSE_FROM minnow_ops)
  endif()
endfunction()

# minnow_catches(FILE...)
#
# The files that catch what the libraries they call throw.
function(minnow_catches)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS -fexceptions
                                                 SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# minnow_library(core DEPENDENCY... [PRIVATE DEPENDENCY...])
#
# The library minnow_core of all .cc and .proto files in the folder core.
function(minnow_library folder)
  cmake_parse_arguments(ARG "" "" "PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cc")
  file(GLOB protos CONFIGURE_DEPENDS "${folder}/*.proto")
  set(target minnow_${folder})
  add_library(${target} STATIC ${sources})
  add_library(minnow::${folder} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${folder})
  foreach(proto IN LISTS protos)
    cmake_path(GET proto STEM stem)
    set(generated "${CMAKE_CURRENT_BINARY_DIR}/generated")
    set(out "${generated}/minnow/${folder}/${stem}.pb")
    file(MAKE_DIRECTORY "${generated}/minnow/${folder}")
    add_custom_command(
      OUTPUT "${out}.cc" "${out}.h"
      COMMAND
        protobuf::protoc "--cpp_out=${generated}"
        "--proto_path=${MINNOW_INCLUDE_ROOT}" "minnow/${folder}/${stem}.proto"
      DEPENDS "${proto}"
      COMMENT "Generating ${folder}/${stem}.pb.h"
      VERBATIM)
    target_sources(${target} PRIVATE "${out}.cc" "${out}.h")
    # Generated code is not held to our warnings.
    set_source_files_properties("${out}.cc" PROPERTIES COMPILE_OPTIONS -w)
    target_include_directories(${target} SYSTEM
                               PUBLIC "$<BUILD_INTERFACE:${generated}>")
  endforeach()
  target_include_directories(
    ${target} PUBLIC "$<BUILD_INTERFACE:${MINNOW_INCLUDE_ROOT}>"
                     "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(
    ${target}
    PUBLIC ${ARG_UNPARSED_ARGUMENTS}
    PRIVATE $<BUILD_INTERFACE:minnow_options> ${ARG_PRIVATE})
  minnow_compile(${target})
  set_property(GLOBAL APPEND PROPERTY MINNOW_LIBRARIES ${target})
  set_property(GLOBAL APPEND PROPERTY MINNOW_FOLDERS ${folder})
endfunction()
