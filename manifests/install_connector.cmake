# Puts a connector's library and its manifest, with the library's digest, into a directory from
# which a host loads it: neither may be written by others, whatever the umask. Run as
#   cmake -DLIBRARY=... -DTEMPLATE=... -DDIRECTORY=... -DPLATFORM=... -DVERSION=... -DSCHEMAS=...
#         -P install_connector.cmake
set(directory_permissions OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(file_permissions OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

cmake_path(GET LIBRARY FILENAME HUB_LIBRARY)
file(SHA256 "${LIBRARY}" HUB_SHA256)
file(RELATIVE_PATH HUB_SCHEMAS "${DIRECTORY}" "${SCHEMAS}")
set(HUB_PLATFORM "${PLATFORM}")
set(PROJECT_VERSION "${VERSION}")

# A process may have the old library mapped: it keeps that file, the new one gets another inode.
file(REMOVE "${DIRECTORY}/${HUB_LIBRARY}")
file(MAKE_DIRECTORY "${DIRECTORY}")
file(CHMOD "${DIRECTORY}" PERMISSIONS ${directory_permissions})
file(COPY "${LIBRARY}" DESTINATION "${DIRECTORY}" FILE_PERMISSIONS ${file_permissions})
cmake_path(GET TEMPLATE STEM LAST_ONLY manifest)
configure_file("${TEMPLATE}" "${DIRECTORY}/${manifest}" @ONLY FILE_PERMISSIONS ${file_permissions})
