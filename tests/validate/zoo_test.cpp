// Each bad connector of tests/zoo fails the check that is named here, and no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "validator.hpp"

namespace {

using Numbers = std::set<std::string>;

struct Beast {
  std::string name;  // of the library
  Numbers failed{};
  Numbers crashed{};
  Numbers warned{};
  bool has_server = false;  // its configuration names one; only checks with a server are run
};

void PrintTo(const Beast& beast, std::ostream* out) { *out << beast.name; }

const Beast kBeasts[] = {
    {"bad_none"},
    {"bad_aborts_at_exit", {}, {"HUB-U-01.a", "HUB-U-01.b"}},
    {"bad_aborts_on_bytes", {}, {"HUB-E-01.c"}},
    {"bad_aborts_on_configuration", {}, {"HUB-E-01.b"}},
    {"bad_aborts_on_operation", {}, {"HUB-E-02.e"}},
    {"bad_aborts_on_refusal", {}, {"HUB-S-03.b"}},
    {"bad_begins_for_no_time", {"HUB-S-03.c"}},
    {"bad_blocks_signal", {"HUB-T-03.c"}},
    {"bad_changes_directory", {"HUB-T-03.f"}},
    {"bad_changes_environment", {"HUB-T-03.d"}},
    {"bad_changes_locale", {"HUB-T-03.e"}},
    {"bad_changes_umask", {"HUB-T-03.g"}},
    {"bad_connects_in_open", {"HUB-U-02.a"}, {}, {}, true},
    {"bad_exits", {}, {"HUB-E-01.a"}},
    {"bad_finds_network", {}, {"HUB-E-01.a"}, {}, true},
    {"bad_holds_key", {}, {}, {"HUB-S-04"}},
    {"bad_holds_secret", {}, {}, {"HUB-S-04"}},
    {"bad_ignores_cancel", {"HUB-C-11.a"}},
    {"bad_ignores_deadline", {"HUB-C-11.b"}},
    {"bad_ignores_refusal", {"HUB-O-02.b"}},
    {"bad_ignores_refusal_of_description", {"HUB-O-02.a"}},
    {"bad_installs_handler", {"HUB-T-03.b"}},
    {"bad_invents_effect", {"HUB-E-02.d"}},
    {"bad_invents_retry", {"HUB-E-02.d"}},
    {"bad_is_bound_to_thread", {}, {"HUB-T-01.a", "HUB-T-01.b"}},
    {"bad_keeps_call", {}, {"HUB-O-01.a"}},
    {"bad_keeps_config", {}, {"HUB-O-01.a"}},
    {"bad_keeps_host", {}, {"HUB-O-03"}},
    {"bad_knows_any_extension", {"HUB-L-10.b"}},
    {"bad_knows_any_id", {"HUB-L-10.b"}},
    {"bad_leaks_descriptor", {"HUB-T-03.h"}},
    {"bad_leaks_thread", {"HUB-T-03.a"}},
    {"bad_leaves_callback", {"HUB-T-02", "HUB-S-03.b"}},
    {"bad_leaves_callback_on_failure", {"HUB-S-03.b"}},
    {"bad_leaves_slot_begun", {"HUB-S-03.a", "HUB-S-03.b"}},
    {"bad_leaves_slot_on_failure", {"HUB-S-03.b"}},
    {"bad_lists_no_reason", {"HUB-E-02.b"}},
    {"bad_names_no_status", {"HUB-E-02.d", "HUB-O-02.b"}},
    {"bad_needs_no_secret", {"HUB-S-02.b"}},
    {"bad_notes_no_json", {"HUB-S-03.c"}},
    {"bad_notes_too_much", {"HUB-S-03.c"}},
    {"bad_opens_never", {}, {}, {"HUB-U-02.a"}},
    {"bad_opens_once", {"HUB-U-02.b", "HUB-T-01.a"}},
    {"bad_prints", {"HUB-T-03.i"}},
    {"bad_prints_secret", {"HUB-S-05.c", "HUB-T-03.i"}},
    {"bad_reads_beyond_table", {}, {"HUB-O-04.a"}},
    {"bad_reads_beyond_text", {}, {"HUB-O-01.b"}},
    {"bad_redescribes", {"HUB-L-11.b"}},
    {"bad_repeats_unsure", {"HUB-E-03"}},
    {"bad_says_nothing", {"HUB-E-02.a", "HUB-O-02.b", "HUB-S-03.b"}},
    {"bad_secret_in_failure", {"HUB-S-05.b"}},
    {"bad_secret_in_log", {"HUB-S-05.a"}},
    {"bad_secret_in_note", {"HUB-S-01", "HUB-S-03.c"}},  // which the quotes of the secret break
    {"bad_secret_in_response", {"HUB-S-01"}},
    {"bad_shares_state", {"HUB-T-01.a"}},
    {"bad_shortens_failure", {"HUB-O-04.c"}},
    {"bad_speaks_no_words", {"HUB-E-02.c"}},
    {"bad_starts_once"},
    {"bad_throws", {"HUB-E-01.a"}},
    {"bad_undeclared_secret", {"HUB-S-02.a"}},
    {"bad_waits_beyond_deadline",
     {"HUB-C-11.b", "HUB-C-11.d", "HUB-C-11.f", "HUB-C-11.h"},
     {},
     {},
     true},
    {"bad_waits_uncancelled",
     {"HUB-C-11.a", "HUB-C-11.c", "HUB-C-11.e", "HUB-C-11.g"},
     {},
     {},
     true},
    {"bad_wants_exact_tables", {"HUB-O-04.b"}},
    {"bad_writes_to_request", {}, {"HUB-O-01.b"}},
    {"aborts_on_load", {}, {"HUB-L-08"}},
    {"describe_fails", {"HUB-L-11.a"}},
    {"description_invalid", {"HUB-L-11.a"}},
    {"description_no_json", {"HUB-L-11.a"}},
    {"description_of_another", {"HUB-L-11.a"}},
    {"description_schema_broken", {"HUB-L-11.a"}},
    {"entry_in_dependency", {"HUB-L-07", "HUB-L-09"}},
    {"no_entry", {"HUB-L-07", "HUB-L-09"}},
    {"no_invoke", {"HUB-L-10.a"}},
    {"open_without_instance", {"HUB-U-02.a"}},
    {"other_id", {"HUB-L-11.a"}},
    {"other_major", {"HUB-L-10.a"}},
    {"short_table", {"HUB-L-10.a"}},
    {"start_fails", {"HUB-U-02.a", "HUB-E-02.a"}},
    {"undefined_symbol", {"HUB-L-08"}},
    // minimal.c explains no failure, and says in the environment that it ran.
    {"extra_export", {"HUB-L-07", "HUB-E-02.a", "HUB-E-02.e", "HUB-T-03.d"}},
    {"longer_table", {"HUB-E-02.a", "HUB-E-02.e", "HUB-T-03.d"}},
    {"older_table", {"HUB-E-02.a", "HUB-E-02.e", "HUB-T-03.d"}},
};

class Zoo : public ::testing::TestWithParam<Beast> {};

TEST_P(Zoo, IsFoundOutByTheCheckOfTheRuleThatItBreaks) {
  const Beast& beast = GetParam();
  std::vector<std::string> arguments{HUB_ZOO_DIRECTORY + ("/" + beast.name) + ".so"};
  if (beast.has_server) {
    arguments.insert(arguments.end(), {"--only", "HUB-C-11", "--config",
                                       HUB_SOURCE_DIRECTORY "/tests/validate/server.config.json"});
  }
  const Report report = validate(std::move(arguments));
  ASSERT_TRUE(report.document) << report.err;
  EXPECT_EQ(report.with("failed"), beast.failed);
  EXPECT_EQ(report.with("crashed"), beast.crashed);
  EXPECT_EQ(report.with("warned"), beast.warned);
  EXPECT_EQ(report.code, beast.failed.empty() && beast.crashed.empty() ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(Each, Zoo, ::testing::ValuesIn(kBeasts),
                         [](const auto& each) { return each.param.name; });

TEST(ZooTable, HasABeastForEachCheckOfALibrary) {
  Numbers found_out;
  for (const Beast& each : kBeasts)
    for (const Numbers& numbers : {each.failed, each.crashed, each.warned})
      found_out.insert(numbers.begin(), numbers.end());
  Numbers listed;
  for (const auto& [number, unused] : validate({"--list"}).outcomes) listed.insert(number);
  // Of manifests: program_test.cpp.
  for (const char* number :
       {"HUB-L-02", "HUB-L-03", "HUB-L-04", "HUB-L-05", "HUB-L-06", "HUB-L-10.c"})
    listed.erase(number);
  EXPECT_EQ(found_out, listed);
}

TEST(ZooTable, HasEachFlawOfTheBadConnector) {
  Numbers built;
  for (const auto& each : std::filesystem::directory_iterator(HUB_ZOO_DIRECTORY)) {
    const std::string name = each.path().stem();
    if (name.starts_with("bad_")) built.insert(name);
  }
  Numbers listed;
  for (const Beast& each : kBeasts)
    if (each.name.starts_with("bad_")) listed.insert(each.name);
  EXPECT_EQ(listed, built);
}

}  // namespace
