// What can be said of the file, and of the table that it gives out.
#include <dlfcn.h>
#include <hub/host.hpp>

#include <cstddef>
#include <fstream>
#include <sstream>

#include "check.hpp"
#include "elf.hpp"
#include "loaded_connector.hpp"
#include "session.hpp"

namespace hub::validate {
namespace {

constexpr const char* kNoManifest = "only the library was named, not a manifest";

/// Whether the loader finds that the files break `rule`.
std::function<Verdict(const Subject&)> keep(const std::string& rule) {
  return [rule](const Subject& subject) -> Verdict {
    if (subject.manifest.empty()) return skipped(kNoManifest);
    try {
      check_files(subject.manifest, {});
    } catch (const Refused& refused) {
      if (refused.where.rule == rule)
        return failed(std::string(refused.what()) + "; " + refused.error.hint);
      if (refused.where.rule < rule)
        return skipped("the loader stops before, at " + refused.where.rule);
    }
    return passed();
  };
}

Verdict exports_entry_alone(const Subject& subject) {
  if (subject.library.empty()) return skipped("the manifest leads to no library");
  std::ifstream in(subject.library, std::ios::binary);
  std::ostringstream image;
  image << in.rdbuf();
  try {
    check_elf(subject.library, image.str());
  } catch (const Refused& refused) {
    return failed(refused.what());
  }
  return passed();
}

Verdict maps(const Subject& subject) {
  load(subject);
  return passed();
}

Verdict has_entry(const Subject& subject) {
  void* const entry = ::dlsym(load(subject), "hub_connector_query");
  if (entry == nullptr) return failed("there is no hub_connector_query");
  Dl_info found{};
  if (::dladdr(entry, &found) == 0 ||
      !std::filesystem::equivalent(found.dli_fname, subject.library)) {
    return failed(std::string("hub_connector_query is in ") +
                  (found.dli_fname == nullptr ? "another file" : found.dli_fname));
  }
  return passed();
}

Verdict has_table(const Subject& subject) {
  const hub_connector& table = table_of(subject);
  if (table.struct_size < offsetof(hub_connector, query)) {
    return failed("struct_size is " + std::to_string(table.struct_size) +
                  ", less than the first release has");
  }
  const std::pair<bool, const char*> functions[] = {
      {table.describe != nullptr, "describe"}, {table.start != nullptr, "start"},
      {table.stop != nullptr, "stop"},         {table.open != nullptr, "open"},
      {table.invoke != nullptr, "invoke"},     {table.close != nullptr, "close"}};
  for (const auto& [is_there, name] : functions) {
    if (!is_there) return failed(std::string(name) + " is NULL");
  }
  if (view_of(table.id).empty() || view_of(table.version).empty())
    return failed("id or version is empty");
  return passed(std::string(view_of(table.id)) + " " + std::string(view_of(table.version)));
}

Verdict knows_its_id_alone(const Subject& subject) {
  const auto entry =
      reinterpret_cast<hub_connector_query_fn>(::dlsym(load(subject), "hub_connector_query"));
  const hub_connector& table = table_of(subject);
  if (entry(HUB_CONNECTOR_ID) != &table) return failed("it gives out another table each time");
  for (const char* const id : {"", "hub.connector", "hub.connector/", "hub.connector/0",
                               "hub.connector/1 ", "HUB.CONNECTOR/1", "hub.connector/1000000"}) {
    if (entry(id) != nullptr)
      return failed(std::string("hub_connector_query(\"") + id + "\") is not NULL");
  }
  if (!HUB_HAS(hub_connector, &table, query) || table.query == nullptr) return passed();
  for (const char* const id : {"", "hub.connector/1", "nobody.knows/1"}) {
    if (table.query(id) != nullptr) return failed(std::string("query(\"") + id + "\") is not NULL");
  }
  return passed();
}

Verdict is_named(const Subject& subject) {
  if (subject.manifest.empty()) return skipped(kNoManifest);
  const auto manifest = ConnectorManifest::read(subject.manifest);
  const hub_connector& table = table_of(subject);
  const std::string named = manifest.abi + " " + manifest.id + " " + manifest.version;
  const std::string is = HUB_CONNECTOR_ID " " + std::string(view_of(table.id)) + " " +
                         std::string(view_of(table.version));
  return named == is ? passed() : failed("it names " + named + ", which is " + is);
}

}  // namespace

Checks library_checks() {
  const std::string mends =
      "what stands behind the last semicolon; hub_install_connector() in CMakeLists.txt writes the "
      "manifest anew with each build";
  return {
      {"HUB-L-02", "the manifest can be trusted", mends, "", keep("HUB-L-02")},
      {"HUB-L-03", "the manifest is strict JSON", mends, "", keep("HUB-L-03")},
      {"HUB-L-04", "the manifest has the keys and values that its schema allows", mends, "",
       keep("HUB-L-04")},
      {"HUB-L-05", "the manifest leads to a library beside it, for this platform", mends, "",
       keep("HUB-L-05")},
      {"HUB-L-06", "the library can be trusted and has the manifest's digest", mends, "",
       keep("HUB-L-06")},
      {"HUB-L-07", "it is a shared library for this machine that exports hub_connector_query alone",
       "hub_add_connector() in CMakeLists.txt links it so", "", exports_entry_alone},
      {"HUB-L-08", "it can be mapped with all symbols bound",
       "link it with what it uses, and with -Wl,-z,defs", "", maps},
      {"HUB-L-09", "hub_connector_query is its own, not a dependency's",
       "HUB_EXPORT_CONNECTOR(Class) in one of its own source files", "HUB-L-08", has_entry},
      {"HUB-L-10.a",
       "it has a table of " HUB_CONNECTOR_ID " with all functions of the first release",
       "fill in each member of hub_connector, struct_size with sizeof(hub_connector)", "HUB-L-09",
       has_table},
      {"HUB-L-10.b", "it answers NULL to each id that it does not know",
       "compare the whole id, and return the same constant table each time", "HUB-L-10.a",
       knows_its_id_alone},
      {"HUB-L-10.c", "the manifest names its ABI, id and version",
       "write them down as they are; hub_install_connector() in CMakeLists.txt does so with each "
       "build",
       "HUB-L-10.a", is_named},
  };
}

}  // namespace hub::validate
