# How minnow's code is compiled, and the rule for a library.

add_library(minnow_options INTERFACE)
target_compile_features(minnow_options INTERFACE cxx_std_20)
# No contraction to fused multiply-add: the same bits on every instruction set.
target_compile_options(
  minnow_options INTERFACE -Wall -Wextra -ffp-contract=off -fno-math-errno
                           -fno-trapping-math $<$<BOOL:${MINNOW_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # False alarms of gcc 12 on absl::InlinedVector.
  target_compile_options(minnow_options INTERFACE -Wno-maybe-uninitialized)
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
        "-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignore.txt")
  endif()
endif()
if(MINNOW_COVERAGE)
  target_compile_options(minnow_options INTERFACE --coverage)
  target_link_options(minnow_options INTERFACE --coverage)
endif()

# minnow_precompile(TARGET)
#
# Precompiles what nearly all files include: it halves the time of the small
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
function(minnow_precompile target)
  if(target MATCHES "minnow_(core|graph)$")
    target_precompile_headers(${target} PRIVATE ${MINNOW_PRECOMPILED})
  elseif(target MATCHES "minnow_(ops|executor)$")
    target_precompile_headers(
      ${target} PRIVATE ${MINNOW_PRECOMPILED} <minnow/graph/op_def.h>
      <minnow/graph/builder.h>)
  elseif(target STREQUAL minnow_train)
    target_precompile_headers(${target} REUSE_FROM minnow_ops)
  else()
    target_precompile_headers(${target} REUSE_FROM minnow_executor)
  endif()
endfunction()

# minnow_optimize(TARGET)
#
# Loops over elements, which are in core/, ops/ and train/, gain from all that a
# compiler can do; the rest is built in less time.
function(minnow_optimize target)
  if(NOT target MATCHES "minnow_(core|ops|train)$")
    target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-O2>")
  endif()
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
  minnow_optimize(${target})
  minnow_precompile(${target})
  set_property(GLOBAL APPEND PROPERTY MINNOW_LIBRARIES ${target})
  set_property(GLOBAL APPEND PROPERTY MINNOW_FOLDERS ${folder})
endfunction()
