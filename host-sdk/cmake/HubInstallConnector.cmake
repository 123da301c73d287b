set(_hub_write_manifest ${CMAKE_CURRENT_LIST_DIR}/HubWriteManifest.cmake)

# hub_install_connector(TARGET ID id VERSION x.y.z)
#
# Gives the connector TARGET its manifest, ID.connector.json, with the library's digest: beside the
# module each time that is built, and beside the installed one, in ${CMAKE_INSTALL_LIBDIR}/hub/connectors,
# once `cmake --install` has done with it. To be called in the directory that makes TARGET.
function(hub_install_connector target)
  cmake_parse_arguments(PARSE_ARGV 1 connector "" "ID;VERSION" "")
  if(NOT connector_ID OR NOT connector_VERSION OR connector_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: hub_install_connector(TARGET ID id VERSION x.y.z)")
  endif()
  include(GNUInstallDirs)
  set(directory ${CMAKE_INSTALL_LIBDIR}/hub/connectors)
  string(TOLOWER ${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR} platform)

  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DLIBRARY=$<TARGET_FILE:${target}> -DID=${connector_ID}
      -DVERSION=${connector_VERSION} -DPLATFORM=${platform} -P ${_hub_write_manifest}
    VERBATIM)

  install(TARGETS ${target} LIBRARY DESTINATION ${directory})
  install(CODE "
    set(directory \"${directory}\")
    cmake_path(ABSOLUTE_PATH directory BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\")
    set(LIBRARY \"\$ENV{DESTDIR}\${directory}/$<TARGET_FILE_NAME:${target}>\")
    set(ID ${connector_ID})
    set(VERSION ${connector_VERSION})
    set(PLATFORM ${platform})
    include(\"${_hub_write_manifest}\")
    message(STATUS \"Installing: \${manifest}\")")
endfunction()
