// What befalls a token besides its rotation: a way back, a token made by hand, a leak, a plan, a
// full workspace, a restored store.
#include <gmock/gmock.h>

#include <ctime>
#include <filesystem>
#include <sstream>

#include "integration/cli.hpp"

namespace integration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kList = "/api/2.0/token-management/tokens";
constexpr const char* kTokens = "/api/2.0/token-management/tokens/";
constexpr const char* kMint = "/api/2.0/token-management/on-behalf-of/tokens";

class Lifecycle : public Cli {
 protected:
  void configure(const std::string& key, const Poco::Dynamic::Var& value) const {
    manifest_->getObject("config")->getObject("rotation")->set(key, value);
    write_connection(manifest_);
  }
  void keep_replaced_tokens() const { configure("grace_seconds", 3600); }
  void replace() const { ASSERT_EQ(host({"rotate-token", "local", "--when", "now"}).code, 0); }

  Object tokens() const { return json({"tokens", "local"}, 0)->getObject("result"); }
  std::string current() const { return text(tokens()->getObject("current"), "token_id"); }

  /// A token of the connection's principal that an admin makes, as by hand; its value and id.
  std::pair<std::string, std::string> made_by_hand(const std::string& comment = "by hand") const {
    const auto made = workspace.admin(
        "POST", kMint,
        R"({"application_id": ")" + workspace.principal("data-pipeline").application_id +
            R"(", "lifetime_seconds": 864000, "comment": ")" + comment + R"("})");
    const auto answer = made.json();
    return {answer->getValue<std::string>("token_value"),
            answer->getObject("token_info")->getValue<std::string>("token_id")};
  }
  /// Grants it to the connection, in a file.
  void hand_in(const std::string& value) const {
    Poco::JSON::Object grant;
    grant.set("reference", "file:" + write("handed-in", value).string());
    manifest_->getObject("secrets")->set("adopt", grant);
    write_connection(manifest_);
  }
  /// From now on the workspace lists tokens that are there for the list alone, 600 in all.
  void fill() const {
    workspace.clear_faults();
    const auto list = workspace.admin("GET", kList).json();
    Poco::JSON::Array::Ptr infos = list->getArray("token_infos");
    const auto is_ours = [](const Poco::Dynamic::Var& info) {
      return text(info.extract<Object>(), "comment").find("hub:") != std::string::npos;
    };
    const auto ours = std::ranges::count_if(*infos, is_ours);
    const Object one = std::ranges::find_if(*infos, is_ours)->extract<Object>();
    for (auto owned = ours; owned < 600; ++owned) {
      Object filler = new Poco::JSON::Object(*one);
      filler->set("token_id", "filler-" + std::to_string(infos->size()));
      filler->set("comment", "filler");
      infos->add(filler);
    }
    std::ostringstream body;
    list->stringify(body);
    serve({kList, "GET", 200, body.str()});
  }
  /// The reasons of an answer's warnings.
  static std::vector<std::string> warnings(const Object& answer) {
    std::vector<std::string> reasons;
    for (const auto& warning : *answer->getArray("warnings"))
      reasons.push_back(text(warning.extract<Object>(), "reason"));
    return reasons;
  }

 private:
  const Object manifest_ = connection();
};

// ---- rollback-token ----

TEST_F(Lifecycle, RollsBackToTheReplacedTokenAndRetiresTheNewOne) {
  keep_replaced_tokens();
  create_token();
  const std::string first = reveal();
  replace();
  const std::string second = reveal();
  json({"rollback-token", "local"}, 0);
  EXPECT_TRUE(reveal() == first);
  EXPECT_EQ(answer_to(second), 200) << "it has its grace period";
  ASSERT_EQ(host({"revoke-token", "local"}).code, 0);
  EXPECT_EQ(answer_to(second), 403);
  EXPECT_EQ(answer_to(first), 200);
}

TEST_F(Lifecycle, RefusesToRollBackToWhatTheWorkspaceNoLongerAccepts) {
  keep_replaced_tokens();
  configure("settle_seconds", 0);
  create_token();
  const std::string first = current();
  replace();
  workspace.admin("DELETE", kTokens + first);
  const auto failed = error({"rollback-token", "local"}, 1);
  EXPECT_EQ(text(failed, "reason"), "ROLLBACK_IMPOSSIBLE");
  EXPECT_NE(current(), first);
}

TEST_F(Lifecycle, RefusesToRollBackWhereNothingWasReplaced) {
  create_token();
  EXPECT_EQ(text(error({"rollback-token", "local"}, 1), "reason"), "ROLLBACK_IMPOSSIBLE");
}

// ---- adopt-token ----

TEST_F(Lifecycle, AdoptsATokenThatWasMadeByHandAndRotatesItFromThenOn) {
  const auto [value, id] = made_by_hand();
  hand_in(value);
  const auto answer = json({"adopt-token", "local"}, 0)->getObject("result");
  EXPECT_EQ(text(answer, "token_id"), id);
  EXPECT_TRUE(reveal() == value);
  EXPECT_EQ(text(tokens()->getObject("current"), "origin"), "adopted");
  replace();
  EXPECT_EQ(answer_to(value), 403) << "it was current and is retired like any other";
  EXPECT_EQ(answer_to(reveal()), 200);
}

TEST_F(Lifecycle, AdoptingTwiceIsNoMoreThanOnce) {
  hand_in(made_by_hand().first);
  json({"adopt-token", "local"}, 0);
  const auto again = json({"adopt-token", "local"}, 0)->getObject("result");
  for (const auto& done : *again->getArray("did"))
    EXPECT_EQ(text(done.extract<Object>(), "action"), "swept");
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_F(Lifecycle, AnAdoptedTokenReplacesTheCurrentOne) {
  keep_replaced_tokens();
  create_token();
  const std::string made = current();
  const auto [value, id] = made_by_hand();
  hand_in(value);
  json({"adopt-token", "local"}, 0);
  EXPECT_EQ(current(), id);
  EXPECT_EQ(text(tokens()->getArray("previous")->getObject(0), "token_id"), made);
}

TEST_F(Lifecycle, AdoptsNothingThatIsDeadOrSomebodyElses) {
  const auto [value, id] = made_by_hand();
  workspace.admin("DELETE", kTokens + id);
  for (const std::string& wrong : {value, std::string("canary-not-a-token")}) {
    hand_in(wrong);
    EXPECT_EQ(text(error({"adopt-token", "local"}, 1), "reason"), "ADOPTION_REFUSED");
  }
  EXPECT_TRUE(tokens()->isNull("current"));
  EXPECT_EQ(answer_to(workspace.admin_token()), 200);
}

TEST_F(Lifecycle, NeverAdoptsWhatTheConnectionSignsInWith) {
  hand_in(workspace.admin_token());
  const auto failed = error({"adopt-token", "local"}, 1);
  EXPECT_EQ(text(failed, "reason"), "ADOPTION_REFUSED");
  EXPECT_THAT(text(failed, "message"), HasSubstr("signs in"));
}

TEST_F(Lifecycle, RefusesAnIdThatIsNotTheOneOfTheValue) {
  hand_in(made_by_hand().first);
  const auto failed = error({"adopt-token", "local", "--token-id", made_by_hand().second}, 1);
  EXPECT_EQ(text(failed, "reason"), "ADOPTION_REFUSED");
  EXPECT_TRUE(tokens()->isNull("current"));
}

TEST_F(Lifecycle, SaysHowToGrantTheTokenThatIsToBeAdopted) {
  const auto failed = error({"adopt-token", "local"}, 1);
  EXPECT_EQ(text(failed, "reason"), "SECRET_NOT_GRANTED");
  EXPECT_THAT(text(failed, "message"), HasSubstr("\"adopt\""));
}

// ---- rotate-token --leaked, --plan ----

TEST_F(Lifecycle, ALeakedTokenIsReplacedAndRevokedAtOnceInSpiteOfItsGrace) {
  keep_replaced_tokens();
  configure("retire", "unless-used");
  create_token();
  const std::string leaked = reveal();
  EXPECT_EQ(answer_to(leaked), 200);
  json({"rotate-token", "local", "--leaked"}, 0);
  EXPECT_EQ(answer_to(leaked), 403);
  EXPECT_EQ(answer_to(reveal()), 200);
}

TEST_F(Lifecycle, ALeakIsKeptInMindUntilTheLeakedTokenIsGone) {
  keep_replaced_tokens();
  create_token();
  const std::string leaked = reveal();
  serve({kMint, "POST", 403, R"({"error_code": "PERMISSION_DENIED", "message": "not now"})"});
  error({"rotate-token", "local", "--leaked"}, 1);
  EXPECT_EQ(answer_to(leaked), 200) << "it is all that there is";
  workspace.clear_faults();
  EXPECT_THAT(host({"rotate-token", "local", "--plan"}).out, HasSubstr("has leaked"));
  json({"rotate-token", "local"}, 0);
  EXPECT_EQ(answer_to(leaked), 403);
  EXPECT_EQ(answer_to(reveal()), 200);
}

TEST_F(Lifecycle, WhoeverReportsALeakIsToldThatTheLeakedTokenStillLives) {
  create_token();
  serve({"/api/2.0/token-management/tokens/*", "DELETE", 503, "{}"});
  EXPECT_EQ(error({"rotate-token", "local", "--leaked"}, 4)->getValue<int>("http_status"), 503);
}

TEST_F(Lifecycle, APlanSaysWhatWouldBeDoneAndWhyAndChangesNothing) {
  create_token();
  EXPECT_EQ(host({"rotate-token", "local", "--plan"}).out, "nothing is due\n");
  const std::string before = current();
  const std::size_t asked = requests();
  const auto answer =
      json({"rotate-token", "local", "--plan", "--when", "now"}, 0)->getObject("result");
  const auto plan = answer->getArray("plan");
  ASSERT_EQ(plan->size(), 2U);
  EXPECT_EQ(text(plan->getObject(0), "action"), "mint");
  EXPECT_EQ(text(plan->getObject(0), "reason"), "asked for");
  EXPECT_EQ(text(plan->getObject(1), "action"), "revoke");
  EXPECT_EQ(text(plan->getObject(1), "token_id"), before);
  EXPECT_EQ(text(plan->getObject(1), "reason"), "there is no grace period");
  EXPECT_EQ(answer->getArray("did")->size(), 0U);
  EXPECT_THAT(host({"rotate-token", "local", "--plan", "--leaked"}).out,
              StartsWith("mint: the current token has leaked\nrevoke " + before));
  EXPECT_EQ(current(), before);
  EXPECT_EQ(requests(), asked + 1) << "the look at the requests itself";
}

TEST_F(Lifecycle, APlanSaysWhenTheSlotIsEmpty) {
  EXPECT_EQ(text(error({"rotate-token", "local", "--plan"}, 1), "reason"), "NO_CURRENT");
}

TEST_F(Lifecycle, ATokenIsReplacedOnceHoweverOftenItIsNamed) {
  create_token();
  const std::string before = current();
  const std::vector<std::string> command = {"rotate-token", "local",     "--when",
                                            "now",          "--replace", before};
  json(command, 0);
  const std::string after = current();
  EXPECT_NE(after, before);
  json(command, 0);
  EXPECT_EQ(current(), after);
}

// ---- retire: unless-used ----

TEST_F(Lifecycle, APlanSaysWhichTokensTheirUseMayKeep) {
  configure("grace_seconds", 0);
  configure("retire", "unless-used");
  create_token();
  const std::string first = current();
  EXPECT_THAT(
      host({"rotate-token", "local", "--plan", "--when", "now"}).out,
      HasSubstr("revoke " + first + ": there is no grace period; it stays while it is in use\n"));

  serve({"/api/2.0/token-management/tokens/*", "DELETE", 503, "{}"});
  error({"rotate-token", "local", "--leaked"}, 4);
  workspace.clear_faults();
  EXPECT_THAT(host({"rotate-token", "local", "--plan"}).out,
              StartsWith("revoke " + first + ": its revocation was begun\n"));
}

TEST_F(Lifecycle, AReplacedTokenThatIsStillInUseIsReportedAndKeptUntilItIsNot) {
  configure("grace_seconds", 0);
  configure("retire", "unless-used");
  create_token();
  const std::string replaced = reveal();
  const auto info = workspace.admin("GET", kTokens + current()).json();
  const auto used = [&](int day) {
    info->getObject("token_info")
        ->set("last_used_day", (std::time(nullptr) / 86400 + day) * 86400'000);
    std::ostringstream body;
    info->stringify(body);
    serve({"/api/2.0/token-management/tokens/*", "GET", 200, body.str()});
  };
  used(0);  // before or after it was replaced: nobody can tell
  const auto answer = json({"rotate-token", "local", "--when", "now"}, 0)->getObject("result");
  EXPECT_THAT(warnings(answer), ElementsAre("IN_USE"));
  EXPECT_EQ(answer->getArray("pending")->size(), 1U);
  EXPECT_EQ(answer_to(replaced), 200);

  used(-1);
  json({"rotate-token", "local"}, 0);
  EXPECT_EQ(answer_to(replaced), 403);
}

// ---- A full workspace ----

TEST_F(Lifecycle, AFullWorkspaceIsSaidBeforeAnythingIsChanged) {
  create_token();
  fill();
  const auto failed = error({"rotate-token", "local", "--when", "now"}, 1);
  EXPECT_EQ(text(failed, "reason"), "CAPACITY_REACHED");
  EXPECT_EQ(text(failed, "effect"), "none");
  EXPECT_EQ(live_tokens(), 1U);
  const auto all = methods();
  EXPECT_EQ(std::ranges::count(all, "POST"), 1) << "that of create-token";
  EXPECT_TRUE(tokens()->isNull("pending"));
}

TEST_F(Lifecycle, AFullWorkspaceIsRelievedOfOurOwnOrphansFirst) {
  create_token();
  workspace.fail(std::string(R"({"path": ")") + kMint +
                 R"(", "method": "POST", "close": "after"})");
  workspace.fail(std::string(R"({"path": ")") + kList +
                 R"(", "method": "GET", "times": 1000, "status": 503})");
  error({"rotate-token", "local", "--when", "now"}, 4);
  ASSERT_EQ(live_tokens(), 2U);
  fill();
  json({"rotate-token", "local", "--when", "now"}, 0);
  EXPECT_EQ(answer_to(reveal()), 200);
  EXPECT_EQ(live_tokens(), 1U);
}

// ---- A restored store ----

class Restored : public Lifecycle {
 protected:
  Restored() {
    create_token();
    std::filesystem::copy_file(path("slots.db"), path("backup.db"));
    replace();
    used_ = reveal();
    for (const char* file : {"slots.db", "slots.db-wal", "slots.db-shm"})
      std::filesystem::remove(path(file));
    std::filesystem::rename(path("backup.db"), path("slots.db"));
  }

  std::string used_;  // what everybody uses, and the store does not know
};

TEST_F(Restored, StoreDeletesAndMintsNothingAndSaysWhatToDo) {
  const std::size_t live = live_tokens();
  for (const auto& command :
       {std::vector<std::string>{"rotate-token", "local", "--when", "now"}, {"sweep", "local"}}) {
    const auto failed = error(command, 1);
    EXPECT_EQ(text(failed, "reason"), "STORE_OLDER_THAN_WORKSPACE");
    EXPECT_THAT(text(failed, "hint"), HasSubstr("adopt-token"));
  }
  EXPECT_EQ(live_tokens(), live);
  EXPECT_EQ(answer_to(used_), 200);
}

TEST_F(Restored, StoreGoesOnWithTheTokenThatIsInUseOnceThatIsAdopted) {
  hand_in(used_);
  json({"adopt-token", "local"}, 0);
  EXPECT_TRUE(reveal() == used_);
  replace();
  json({"sweep", "local"}, 0);
  EXPECT_EQ(answer_to(reveal()), 200);
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_F(Restored, StoreThatIsAcceptedLeavesAloneWhatItDoesNotKnow) {
  const auto answer =
      json({"rotate-token", "local", "--when", "now", "--accept-store"}, 0)->getObject("result");
  EXPECT_THAT(warnings(answer), testing::Contains("STORE_ACCEPTED"));
  EXPECT_EQ(answer_to(used_), 200);
  EXPECT_EQ(answer_to(reveal()), 200);
  json({"rotate-token", "local", "--when", "now"}, 0);
  json({"sweep", "local"}, 0);
  EXPECT_EQ(answer_to(used_), 200);
  EXPECT_EQ(host({"check", "local"}).code, 0) << "what was accepted is no finding";
}

}  // namespace
}  // namespace integration
