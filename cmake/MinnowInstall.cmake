# cmake --install, and what find_package(minnow) needs afterwards.

include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY MINNOW_LIBRARIES)
get_property(folders GLOBAL PROPERTY MINNOW_FOLDERS)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/minnow")

install(TARGETS ${libraries} minnow EXPORT minnowTargets)
install(EXPORT minnowTargets NAMESPACE minnow:: DESTINATION "${package_dir}")
install(TARGETS minnow_cli RUNTIME)
install(FILES data/digits.csv.gz data/README.md
        DESTINATION "${CMAKE_INSTALL_DATADIR}/minnow")
foreach(folder IN LISTS folders)
  install(
    DIRECTORY "${folder}/"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/minnow/${folder}"
    FILES_MATCHING
    PATTERN "*.h")
endforeach()
install(
  DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/generated/minnow"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING
  PATTERN "*.pb.h")

configure_package_config_file(
  cmake/minnowConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/minnowConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(
  "${CMAKE_CURRENT_BINARY_DIR}/minnowConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(
  FILES "${CMAKE_CURRENT_BINARY_DIR}/minnowConfig.cmake"
        "${CMAKE_CURRENT_BINARY_DIR}/minnowConfigVersion.cmake"
        cmake/FindMinnowDependencies.cmake
  DESTINATION "${package_dir}")
