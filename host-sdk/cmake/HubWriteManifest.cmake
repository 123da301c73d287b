# Writes the manifest of LIBRARY beside it: a connector with ID and VERSION, built for PLATFORM.
# Whatever the umask, nobody but the owner may write either, or a host would load neither.
cmake_path(GET LIBRARY PARENT_PATH directory)
cmake_path(GET LIBRARY FILENAME file)
file(SHA256 "${LIBRARY}" sha256)
set(manifest "${directory}/${ID}.connector.json")
file(WRITE "${manifest}" "{
  \"id\": \"${ID}\",
  \"version\": \"${VERSION}\",
  \"abi\": \"hub.connector/1\",
  \"library\": {
    \"${PLATFORM}\": {\"path\": \"${file}\", \"sha256\": \"${sha256}\"}
  }
}
")
file(CHMOD "${LIBRARY}" "${manifest}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
