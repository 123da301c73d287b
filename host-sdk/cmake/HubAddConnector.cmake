set(_hub_connector_map ${CMAKE_CURRENT_LIST_DIR}/connector.map)

# hub_add_connector(NAME SOURCE...)
#
# Makes the module NAME, a connector: it exports hub_connector_query and nothing else, whatever it is
# linked with, and nothing in it is undefined when it is loaded (rules HUB-L-07 and HUB-L-08).
function(hub_add_connector name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE hub::connector)
  set_target_properties(${name} PROPERTIES
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    LINK_DEPENDS ${_hub_connector_map})
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${_hub_connector_map} -Wl,--exclude-libs,ALL)
  # Sanitizers leave their runtime's symbols to the program.
  if(NOT HUB_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()
