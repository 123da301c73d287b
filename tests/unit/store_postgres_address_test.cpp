#include <gtest/gtest.h>
#include <hub/host.hpp>
#include <store/postgres_address.hpp>

#include <string>

namespace sample_host {
namespace {

hub::Error refusal(const std::string& text) {
  try {
    const PostgresAddress address(text);
  } catch (const hub::Refused& refused) {
    EXPECT_EQ(refused.error.reason, "STORE_CONNECTION_INVALID");
    EXPECT_FALSE(refused.error.hint.empty());
    EXPECT_TRUE((refused.error.message + refused.error.hint).find("canary") == std::string::npos);
    return refused.error;
  }
  ADD_FAILURE() << "it was taken";
  return {};
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST(PostgresAddressTest, APasswordIsRefusedHoweverItIsWritten) {
  for (const char* text :
       {"host=h password=canary-one", "password = 'canary one' host=h",
        "postgresql://hub:canary-one@h/hub", "postgresql://h/hub?password=canary-one",
        "host=h sslpassword=canary-one"}) {
    EXPECT_EQ(refusal(text).message, "holds a password");
  }
}

TEST(PostgresAddressTest, WhatLibpqDoesNotUnderstandIsNotRepeated) {
  for (const char* text : {"host=h password=canary one", "host", "canary=1"})
    EXPECT_EQ(refusal(text).message, "is no connection string of PostgreSQL");
}

TEST(PostgresAddressTest, AValueWithABlankIsRefusedByItsName) {
  EXPECT_EQ(refusal("host=h dbname='my store'").message, "has a blank in the value of dbname");
}

TEST(PostgresAddressTest, ANetworkIsNotTrustedUnlessTheAddressSaysSo) {
  EXPECT_TRUE(has(PostgresAddress("host=h").with(""), "sslmode='verify-full' "));
  const std::string local = PostgresAddress("host=h sslmode=disable").with("");
  EXPECT_TRUE(has(local, "sslmode='disable' "));
  EXPECT_FALSE(has(local, "verify-full"));
  EXPECT_FALSE(has(local, "password"));
}

TEST(PostgresAddressTest, EveryCallEndsSoon) {
  const std::string text = PostgresAddress("postgresql://hub@h:77/hub").with("");
  for (const char* part : {"host='h' ", "port='77' ", "connect_timeout='3' ",
                           "tcp_user_timeout='5000' ", "target_session_attrs='read-write' "})
    EXPECT_TRUE(has(text, part)) << part;
}

}  // namespace
}  // namespace sample_host
