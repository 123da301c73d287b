#include "loaded_connector.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "call.hpp"
#include "elf.hpp"
#include "mapping.hpp"
#include "refuse.hpp"

namespace hub {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxLibrary = 256U * 1024 * 1024;
constexpr std::size_t kMaxDescription = 1024U * 1024;

std::string sha256_of(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL has no SHA-256");
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += "0123456789abcdef"[digest[i] >> 4];
    text += "0123456789abcdef"[digest[i] & 15U];
  }
  return text;
}

/// The library's real path, which must be below the manifest's directory.
fs::path locate(const ConnectorManifest& manifest) {
  const Location where{.file = manifest.file.string(),
                       .line = manifest.line,
                       .path = manifest.library_at + "/path",
                       .rule = "HUB-L-05"};
  const fs::path directory = manifest.file.parent_path();
  std::error_code problem;
  fs::path real = fs::canonical(directory / manifest.library, problem);
  if (problem) {
    refuse(where, Status::kFailedPrecondition, "LIBRARY_MISSING",
           "names " + (directory / manifest.library).string() + ": " + problem.message(),
           "put the library there or correct the path");
  }
  const fs::path below = fs::canonical(directory);
  if (std::mismatch(below.begin(), below.end(), real.begin(), real.end()).first != below.end()) {
    refuse(where, Status::kPermissionDenied, "LIBRARY_OUTSIDE",
           "leads to " + real.string() + ", out of the manifest's directory",
           "put the library beside its manifest: cp " + real.string() + " " + below.string());
  }
  return real;
}

void check_digest(const ConnectorManifest& manifest, const fs::path& library,
                  std::string_view image, bool allow_unpinned) {
  const Location where{.file = manifest.file.string(),
                       .line = manifest.line,
                       .path = manifest.library_at + "/sha256",
                       .rule = "HUB-L-06"};
  const std::string digest = sha256_of(image);
  if (manifest.sha256.empty() && !allow_unpinned) {
    refuse(where, Status::kFailedPrecondition, "DIGEST_MISSING", "is missing",
           "write it down once you trust the library: sha256sum " + library.string());
  }
  if (!manifest.sha256.empty() && manifest.sha256 != digest) {
    refuse(where, Status::kPermissionDenied, "DIGEST_MISMATCH",
           "is not the digest of " + library.string() + ", which has " + digest,
           "install library and manifest of one version; if you changed the library yourself, "
           "write its digest down: sha256sum " +
               library.string());
  }
}

const void* no_extension(const char*) noexcept { return nullptr; }

/// The connector's table, checked, as this host's revision has it.
hub_connector checked_table(const ConnectorManifest& manifest, const std::string& library,
                            hub_connector_query_fn entry) {
  const Location where{.file = library, .rule = "HUB-L-10"};
  const auto* const theirs = static_cast<const hub_connector*>(entry(HUB_CONNECTOR_ID));
  if (theirs == nullptr) {
    refuse(where, Status::kFailedPrecondition, "ABI_UNSUPPORTED", "does not know " HUB_CONNECTOR_ID,
           "install a version for " HUB_CONNECTOR_ID);
  }
  hub_connector table{};
  table.query = no_extension;
  std::memcpy(&table, theirs, std::min(theirs->struct_size, sizeof table));
  if (table.query == nullptr) table.query = no_extension;
  if (theirs->struct_size < offsetof(hub_connector, query) || table.describe == nullptr ||
      table.start == nullptr || table.stop == nullptr || table.open == nullptr ||
      table.invoke == nullptr || table.close == nullptr) {
    refuse(where, Status::kFailedPrecondition, "TABLE_INVALID",
           "has a table without describe, start, stop, open, invoke or close",
           "the connector is defective: install a corrected version");
  }
  table.struct_size = sizeof table;
  if (view_of(table.id) != manifest.id || view_of(table.version) != manifest.version) {
    refuse(where, Status::kFailedPrecondition, "IDENTITY_MISMATCH",
           "is " + std::string(view_of(table.id)) + " " + std::string(view_of(table.version)) +
               ", but " + manifest.file.string() + " says " + manifest.id + " " + manifest.version,
           "install library and manifest of one version");
  }
  return table;
}

Description described(const hub_connector& table, const std::string& library) {
  BoundedText text(kMaxDescription);
  if (const hub_status status = table.describe(text.sink()); status != HUB_OK) {
    refuse({.file = library, .rule = "HUB-L-11"}, Status::kFailedPrecondition,
           "DESCRIPTION_INVALID",
           "cannot describe itself: " + std::string(to_text(status_of(status))),
           "the connector is defective: install a corrected version");
  }
  Description description = Description::parse(std::move(text.text()), library);
  if (description.id != view_of(table.id) || description.version != view_of(table.version)) {
    refuse({.file = library, .rule = "HUB-L-11"}, Status::kFailedPrecondition,
           "DESCRIPTION_INVALID",
           "describes " + description.id + " " + description.version + ", which it is not",
           "the connector is defective: install a corrected version");
  }
  return description;
}

HostServices& services_of(const hub_host* host) {
  return *static_cast<HostServices*>(host->context);
}

hub_host host_table(HostServices& services) {
  return {
      .struct_size = sizeof(hub_host),
      .abi_minor = HUB_CONNECTOR_MINOR,
      .reserved = 0,
      .name = text_of(services.name()),
      .version = text_of(services.version()),
      .context = &services,
      .now_unix_ms = [](const hub_host* host) noexcept -> int64_t {
        try {
          return services_of(host).now().count();
        } catch (...) {
          return services_of(host).HostServices::now().count();
        }
      },
      .now_monotonic_ns = [](const hub_host* host) noexcept -> int64_t {
        try {
          return services_of(host).monotonic().count();
        } catch (...) {
          return services_of(host).HostServices::monotonic().count();
        }
      },
      .log = [](const hub_host* host, hub_log_level level,
                hub_text message) noexcept { log_redacted(services_of(host), level, "", message); },
      .query = [](const hub_host*, const char*) noexcept -> const void* { return nullptr; }};
}

struct Checked {
  std::string library;
  hub_connector table;
};

void check_abi(const ConnectorManifest& manifest) {
  if (manifest.abi == HUB_CONNECTOR_ID) return;
  refuse({.file = manifest.file.string(),
          .line = manifest.abi_line,
          .path = "/abi",
          .rule = "HUB-L-10"},
         Status::kFailedPrecondition, "ABI_UNSUPPORTED",
         "is " + manifest.abi + ", but this host speaks " HUB_CONNECTOR_ID,
         "install a version of the connector for " HUB_CONNECTOR_ID);
}

/// The order of docs/contract.md, "Loading".
Checked load(const fs::path& file, ConnectorLibrary::Options options) {
  const CheckedFiles files = check_files(file, options);
  check_abi(files.manifest);
  const std::string library = files.library.string();
  return {
      .library = library,
      .table = checked_table(files.manifest, library, map_library(files.library, files.opened))};
}

}  // namespace

CheckedFiles check_files(const fs::path& file, ConnectorLibrary::Options options) {
  ConnectorManifest manifest = ConnectorManifest::read(file);
  fs::path library = locate(manifest);
  TrustedFile opened(library, {.max_bytes = kMaxLibrary, .rule = "HUB-L-06"});
  const std::string image = opened.read();
  check_digest(manifest, library, image, options.allow_unpinned);
  check_elf(library, image);
  return {std::move(manifest), std::move(library), std::move(opened)};
}

LoadedConnector::LoadedConnector(HostServices& host_services, const fs::path& manifest,
                                 ConnectorLibrary::Options options)
    : services(host_services),
      library(),
      table{},
      description([&] {
        Checked checked = load(manifest, options);
        library = std::move(checked.library);
        table = checked.table;
        return described(table, library);
      }()),
      host(host_table(host_services)) {}

hub_sink BoundedText::sink() {
  return {this, [](void* context, hub_bytes chunk) noexcept -> hub_status {
            auto& self = *static_cast<BoundedText*>(context);
            if (chunk.size > self.limit_ - self.text_.size()) return HUB_RESOURCE_EXHAUSTED;
            try {
              self.text_.append(static_cast<const char*>(chunk.data), chunk.size);
              return HUB_OK;
            } catch (...) {
              return HUB_RESOURCE_EXHAUSTED;
            }
          }};
}

}  // namespace hub
