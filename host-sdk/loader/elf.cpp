#include "elf.hpp"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "refuse.hpp"

// The header of this program, which the linker provides: what it is, a library must be.
extern "C" const ElfW(Ehdr) __ehdr_start  // NOLINT(bugprone-reserved-identifier)
    __attribute__((visibility("hidden")));

namespace hub {
namespace {

constexpr std::string_view kEntry = "hub_connector_query";

/// A T at `offset`, or nothing beyond the image's end.
template <class T>
std::optional<T> at(std::string_view image, std::size_t offset) {
  if (offset > image.size() || image.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, image.data() + offset, sizeof value);
  return value;
}

std::optional<std::string> name_at(std::string_view image, const ElfW(Shdr) & strings,
                                   std::size_t offset) {
  if (strings.sh_offset > image.size() || offset >= strings.sh_size) return std::nullopt;
  const auto table = image.substr(strings.sh_offset, strings.sh_size);
  if (offset >= table.size()) return std::nullopt;
  const auto name = table.substr(offset);
  const auto end = name.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(name.substr(0, end));
}

bool is_exported(const ElfW(Sym) & symbol) {
  const auto binding = ELF64_ST_BIND(symbol.st_info);  // the same for both classes
  const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && binding != STB_LOCAL &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

/// Nothing when the image's tables are broken.
std::optional<std::vector<std::string>> exports_of(std::string_view image,
                                                   const ElfW(Ehdr) & header) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto section = at<ElfW(Shdr)>(image, header.e_shoff + i * sizeof(ElfW(Shdr)));
    if (!section) return std::nullopt;
    if (section->sh_type != SHT_DYNSYM) continue;
    const auto strings =
        at<ElfW(Shdr)>(image, header.e_shoff + section->sh_link * sizeof(ElfW(Shdr)));
    if (!strings) return std::nullopt;
    for (std::size_t j = 0; j < section->sh_size / sizeof(ElfW(Sym)); ++j) {
      const auto symbol = at<ElfW(Sym)>(image, section->sh_offset + j * sizeof(ElfW(Sym)));
      const auto name = symbol ? name_at(image, *strings, symbol->st_name) : std::nullopt;
      if (!name) return std::nullopt;
      if (is_exported(*symbol)) names.push_back(*name);
    }
  }
  return names;
}

}  // namespace

void check_elf(const std::filesystem::path& library, std::string_view image) {
  const Location where{.file = library.string(), .rule = "HUB-L-07"};
  const auto refuse_library = [&](const std::string& text, const std::string& hint) {
    refuse(where, Status::kFailedPrecondition, "LIBRARY_INVALID", text, hint);
  };
  const std::string inspect = "; see readelf -hW --dyn-syms " + library.string();
  const auto header = at<ElfW(Ehdr)>(image, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    refuse_library("is not an ELF file",
                   "name the shared library itself: file " + library.string());
  if (header->e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
      header->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
      header->e_machine != __ehdr_start.e_machine) {
    refuse_library("was built for another machine than this process",
                   "install the connector's build for this platform" + inspect);
  }
  if (header->e_type != ET_DYN)
    refuse_library("is not a shared library", "link it with -shared" + inspect);
  const auto exports = exports_of(image, *header);
  if (!exports || header->e_shentsize != sizeof(ElfW(Shdr)))
    refuse_library("has broken section or symbol tables", "build or copy it again" + inspect);
  if (std::ranges::find(*exports, kEntry) == exports->end()) {
    refuse_library("does not define hub_connector_query",
                   "it is no connector, or its entry is in another library or hidden" + inspect);
  }
  for (const std::string& name : *exports) {
    if (name != kEntry) {
      refuse_library(
          "exports " + name + " beside hub_connector_query",
          "link it with a version script: { global: hub_connector_query; local: *; };" + inspect);
    }
  }
}

}  // namespace hub
