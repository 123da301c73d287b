// Hosts that share a store in PostgreSQL, as operators run them.
#include "support/postgres.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "integration/cli.hpp"

namespace integration {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kPassword = "canary-of-the-store";

class Shared : public Cli {
 protected:
  Shared() {
    server.run("postgres", "GRANT CREATE ON DATABASE " + database + " TO guarded");
    environment["STORE_PASSWORD"] = kPassword;
    write_host(R"("type": "postgresql", "connection": ")" + server.address(database, "guarded") +
               R"(", "password": {"reference": "env:STORE_PASSWORD"})");
  }

  void write_host(const std::string& store) const {
    write("host.json", R"({"connectors": [")" CONNECTORS R"("], "connections": ["connections"],
"store": {)" + store + R"(, "key_file": "host.key"}})");
  }
  /// other.json, with a copy of the key that the first one made.
  void add_second_host() const {
    std::filesystem::copy_file(path("host.key"), path("other.key"));
    std::ifstream first(path("host.json"));
    const std::string json(std::istreambuf_iterator<char>(first), {});
    write("other.json", std::regex_replace(json, std::regex("host[.]key"), "other.key"));
  }

  test_support::PostgresServer server{kPassword};
  std::string database = server.make_database();
};

TEST_F(Shared, MakesAndRotatesATokenThatASecondHostReads) {
  create_token();
  const std::string first = reveal();
  EXPECT_EQ(host({"rotate-token", "local", "--when", "now"}).code, 0);
  const std::string second = reveal();
  EXPECT_FALSE(first == second);
  EXPECT_EQ(answer_to(second), 200);
  EXPECT_EQ(answer_to(first), 403);
  add_second_host();
  const auto other =
      start({"--config", path("other.json").string(), "tokens", "local", "--reveal", "current"})
          ->wait();
  EXPECT_TRUE(other.out == second + "\n");
  EXPECT_EQ(json({"rotate-token", "local"}, 0)->getObject("result")->getArray("did")->size(), 0U);
}

TEST_F(Shared, TwoHostsThatReplaceOneTokenAtOnceMakeOne) {
  create_token();
  add_second_host();
  const auto lock = std::async(std::launch::async, [this] {
    server.run(database, "BEGIN; SELECT 1 FROM hub_slots.slot FOR UPDATE; SELECT pg_sleep(60)");
  });
  server.await_waiting(database, 1, "Timeout");
  std::vector<std::unique_ptr<test_support::Process>> hosts;
  for (const char* name : {"host.json", "other.json"}) {
    hosts.push_back(
        start({"--config", path(name).string(), "rotate-token", "local", "--when", "now"}));
  }
  server.await_waiting(database, 2);
  server.run("postgres",
             "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
  std::vector<int> codes;
  for (const auto& each : hosts) codes.push_back(each->wait().code);
  EXPECT_THAT(codes, testing::UnorderedElementsAre(0, 3));
  EXPECT_EQ(std::ranges::count(methods(), "POST"), 2) << "create-token's and one more";
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_F(Shared, ARefusedPasswordSaysWhatToDoAndShowsNone) {
  environment["STORE_PASSWORD"] = "canary-wrong";
  const auto refused = error({"tokens", "local"}, 2);
  EXPECT_EQ(text(refused, "reason"), "STORE_REFUSED");
  EXPECT_THAT(text(refused, "message"), HasSubstr("password authentication failed"));
  EXPECT_THAT(text(refused, "hint"), HasSubstr("psql"));
  environment.erase("STORE_PASSWORD");
  EXPECT_EQ(text(error({"tokens", "local"}, 2), "reason"), "CREDENTIAL_MISSING");
}

TEST_F(Shared, AServerThatIsDownIsWorthAnotherTry) {
  server.kill();
  const auto down = error({"tokens", "local"}, 3);
  EXPECT_EQ(text(down, "reason"), "STORE_UNAVAILABLE");
  EXPECT_EQ(text(down, "retry"), "same-call");
}

TEST_F(Shared, AStoreThatIsConfiguredBadlyIsRefusedByItsPlace) {
  const struct {
    const char* store;
    const char* path;
    const char* words;
  } bad[] = {
      {R"("connection": "host=h")", "/store", "lacks the key \"type\""},
      {R"("type": "oracle", "connection": "host=h")", "/store/type",
       "must be one of \"sqlite\", \"postgresql\""},
      {R"("type": "postgresql")", "/store", "lacks the key \"connection\""},
      {R"("type": "postgresql", "connection": "host=h", "path": "slots.db")", "/store/path",
       "is not a key that is known here"},
      {R"("type": "sqlite", "path": "slots.db", "connection": "host=h")", "/store/connection",
       "is not a key that is known here"},
      {R"("type": "postgresql", "connection": "host=h", "password": "canary-three")",
       "/store/password", "must be of type"},
      {R"("type": "postgresql", "connection": "host=h password=canary-three")", "/store/connection",
       "holds a password"},
  };
  for (const auto& [store, place, words] : bad) {
    write_host(store);
    const auto refused = error({"list"}, 2);
    EXPECT_EQ(text(refused, "path"), place) << text(refused, "message");
    EXPECT_EQ(text(refused, "line"), "2") << place;
    EXPECT_THAT(text(refused, "message"), HasSubstr(words));
    EXPECT_THAT(text(refused, "hint"), Not(IsEmpty())) << words;
  }
}

}  // namespace
}  // namespace integration
