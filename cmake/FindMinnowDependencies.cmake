# The dependencies whose Debian packages have no CMake config of their own (or
# one that is not usable): each becomes an imported target. The component tools
# stands for what only the program needs.

include(FindPackageHandleStandardArgs)

# minnow_find_dependency(xxHash::xxHash xxhash.h [LIBRARY xxhash])
function(minnow_find_dependency target header)
  cmake_parse_arguments(ARG "" "LIBRARY" "" ${ARGN})
  string(MAKE_C_IDENTIFIER "MINNOW_${target}" id)
  find_path(${id}_INCLUDE "${header}")
  mark_as_advanced(${id}_INCLUDE)
  set(required ${id}_INCLUDE)
  if(ARG_LIBRARY)
    find_library(${id}_LIBRARY "${ARG_LIBRARY}")
    mark_as_advanced(${id}_LIBRARY)
    list(APPEND required ${id}_LIBRARY)
  endif()
  if(NOT TARGET ${target} AND ${id}_INCLUDE AND (NOT ARG_LIBRARY OR ${id}_LIBRARY))
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${target} SYSTEM INTERFACE "${${id}_INCLUDE}")
    if(ARG_LIBRARY)
      target_link_libraries(${target} INTERFACE "${${id}_LIBRARY}")
    endif()
  endif()
  set(MinnowDependencies_REQUIRED ${MinnowDependencies_REQUIRED} ${required}
      PARENT_SCOPE)
endfunction()

set(MinnowDependencies_REQUIRED)
minnow_find_dependency(hwy::hwy hwy/highway.h LIBRARY hwy)
minnow_find_dependency(hwy::hwy_contrib hwy/contrib/sort/vqsort.h LIBRARY
                       hwy_contrib)
minnow_find_dependency(dnnl::dnnl dnnl.hpp LIBRARY dnnl)
minnow_find_dependency(xxHash::xxHash xxhash.h LIBRARY xxhash)
minnow_find_dependency(RapidJSON::RapidJSON rapidjson/document.h)
if("tools" IN_LIST MinnowDependencies_FIND_COMPONENTS)
  minnow_find_dependency(CLI11::CLI11 CLI/CLI.hpp)
endif()
find_package_handle_standard_args(MinnowDependencies
                                  REQUIRED_VARS ${MinnowDependencies_REQUIRED})
