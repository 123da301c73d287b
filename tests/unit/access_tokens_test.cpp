// Access tokens that are kept, with a clock that stands still until a test moves it.
#include "databricks/access_tokens.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/fake_call.hpp"

namespace databricks_token {
namespace {

using std::chrono::seconds;
using test_support::FakeCall;

class AccessTokensTest : public testing::Test {
 protected:
  AccessTokens::Ask granting(seconds lifetime) {
    return [this, lifetime](hub::Call) -> hub::Result<Grant> {
      return Grant{hub::Secret("canary-" + std::to_string(++asked)), lifetime};
    };
  }

  /// The number in the token, or 0 for an error.
  int get(const AccessTokens::Ask& ask) {
    const auto kept = tokens.get(call.call(), "key", ask);
    return kept ? kept->token->reveal().back() - '0' : 0;
  }

  /// Blocks until get() was entered so often; from then on its caller asks, waits or has found.
  void wait_for_clock(int count) const {
    for (int seen = clock_read; seen < count; seen = clock_read) clock_read.wait(seen);
  }

  FakeCall call;
  std::atomic<int> asked = 0;
  std::atomic<std::int64_t> now = 1000;  // seconds
  std::atomic<int> clock_read = 0;
  AccessTokens tokens{[this] {
    ++clock_read;
    clock_read.notify_all();
    return seconds(now);
  }};
};

TEST_F(AccessTokensTest, AreKeptUntilAMinuteBeforeTheyExpire) {
  EXPECT_EQ(get(granting(seconds(3600))), 1);
  now += 3600 - 61;
  EXPECT_EQ(get(granting(seconds(3600))), 1);
  now += 1;
  EXPECT_EQ(get(granting(seconds(3600))), 2);
}

TEST_F(AccessTokensTest, OfAShortLifeAreKeptForHalfOfIt) {
  EXPECT_EQ(get(granting(seconds(80))), 1);
  now += 39;
  EXPECT_EQ(get(granting(seconds(80))), 1);
  now += 1;
  EXPECT_EQ(get(granting(seconds(80))), 2);
}

TEST_F(AccessTokensTest, ThatTheWorkspaceWouldRefuseSoonAreNotKept) {
  for (const int lifetime : {0, 10, 30}) {
    const int before = asked;
    EXPECT_EQ(get(granting(seconds(lifetime))), before + 1);
  }
}

TEST_F(AccessTokensTest, SayWhetherTheyAreFresh) {
  const auto first = tokens.get(call.call(), "key", granting(seconds(3600)));
  const auto second = tokens.get(call.call(), "key", granting(seconds(3600)));
  EXPECT_TRUE(first.ok() && first->fresh);
  EXPECT_TRUE(second.ok() && !second->fresh);
}

TEST_F(AccessTokensTest, OfDifferentKeysAreDifferent) {
  EXPECT_TRUE(tokens.get(call.call(), "other", granting(seconds(3600))).ok());
  EXPECT_EQ(get(granting(seconds(3600))), 2);
}

TEST_F(AccessTokensTest, AreForgottenOnceRefusedUnlessAnotherTookTheirPlace) {
  const auto first = tokens.get(call.call(), "key", granting(seconds(3600)));
  ASSERT_TRUE(first.ok());
  tokens.drop(*first);
  EXPECT_EQ(get(granting(seconds(3600))), 2);
  tokens.drop(*first);
  EXPECT_EQ(get(granting(seconds(3600))), 2);
}

TEST_F(AccessTokensTest, AreAskedForOnceHoweverManyWait) {
  constexpr int kThreads = 16;
  const AccessTokens::Ask ask = [this](hub::Call asking) {
    wait_for_clock(kThreads + 1);  // the one that asks reads it twice
    return granting(seconds(3600))(asking);
  };
  std::atomic<int> same = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const FakeCall mine;
      const auto kept = tokens.get(mine.call(), "key", ask);
      if (kept && kept->token->reveal() == "canary-1") ++same;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(same, kThreads);
}

TEST_F(AccessTokensTest, EvenThoseThatAreNotKeptAreSharedByWhoWaited) {
  const AccessTokens::Ask ask = [this](hub::Call asking) {
    wait_for_clock(3);
    return granting(seconds(10))(asking);
  };
  std::thread other([&] {
    const FakeCall mine;
    EXPECT_TRUE(tokens.get(mine.call(), "key", ask).ok());
  });
  EXPECT_TRUE(tokens.get(call.call(), "key", ask).ok());
  other.join();
  EXPECT_EQ(asked, 1);
}

TEST_F(AccessTokensTest, AreAskedForByAnotherWhenTheOneWhoAskedIsCancelled) {
  FakeCall first;
  std::thread asker([&] {
    const auto kept = tokens.get(first.call(), "key", [&](hub::Call asking) -> hub::Result<Grant> {
      std::atomic<bool> cancelled = false;
      const hub::OnCancel on_cancel(asking, [&] {
        cancelled = true;
        cancelled.notify_all();
      });
      cancelled.wait(false);
      return hub::Error{
          .status = hub::Status::kCancelled, .retry = hub::Retry::kSameCall, .reason = "CANCELLED"};
    });
    EXPECT_FALSE(kept.ok());
  });
  wait_for_clock(2);
  std::thread waiter([&] { EXPECT_EQ(get(granting(seconds(3600))), 1); });
  wait_for_clock(3);
  first.cancel();
  asker.join();
  waiter.join();
}

TEST_F(AccessTokensTest, AreAskedForByAnotherWhenAskingThrows) {
  const AccessTokens::Ask throws = [&](hub::Call) -> hub::Result<Grant> {
    wait_for_clock(3);
    throw std::runtime_error("no memory, say");
  };
  std::thread asker(
      [&] { EXPECT_THROW((void)tokens.get(call.call(), "key", throws), std::runtime_error); });
  wait_for_clock(2);
  const FakeCall mine;
  EXPECT_TRUE(tokens.get(mine.call(), "key", granting(seconds(3600))).ok());
  asker.join();
}

TEST_F(AccessTokensTest, ThatAreRefusedAreNotAskedForByEachWhoWaited) {
  std::atomic<int> refusals = 0;
  const AccessTokens::Ask refused = [&](hub::Call) -> hub::Result<Grant> {
    wait_for_clock(3);
    ++refusals;
    return hub::Error{.status = hub::Status::kUnauthenticated, .reason = "OAUTH_CLIENT_REFUSED"};
  };
  std::thread other([&] {
    const FakeCall mine;
    const auto kept = tokens.get(mine.call(), "key", refused);
    EXPECT_TRUE(!kept.ok() && kept.error().reason == "OAUTH_CLIENT_REFUSED");
  });
  EXPECT_FALSE(tokens.get(call.call(), "key", refused).ok());
  other.join();
  EXPECT_EQ(refusals, 1);
  EXPECT_EQ(get(granting(seconds(3600))), 1);
}

TEST_F(AccessTokensTest, ThatOneConnectionCannotGetAreAskedForByTheOthers) {
  std::atomic<int> failures = 0;
  const AccessTokens::Ask untrusted = [&](hub::Call) -> hub::Result<Grant> {
    wait_for_clock(3);
    ++failures;
    return hub::Error{.status = hub::Status::kFailedPrecondition, .reason = "TLS_UNTRUSTED"};
  };
  std::thread other([&] {
    const FakeCall mine;
    EXPECT_FALSE(tokens.get(mine.call(), "key", untrusted).ok());
  });
  EXPECT_FALSE(tokens.get(call.call(), "key", untrusted).ok());
  other.join();
  EXPECT_EQ(failures, 2);
}

TEST_F(AccessTokensTest, AreNotAskedForBeforeTheServerWantsIt) {
  const AccessTokens::Ask busy = [&](hub::Call) -> hub::Result<Grant> {
    return hub::Error{.status = hub::Status::kUnavailable,
                      .retry = hub::Retry::kSameCall,
                      .retry_after_ms = 60'000,
                      .reason = "OAUTH_UNAVAILABLE"};
  };
  EXPECT_FALSE(tokens.get(call.call(), "key", busy).ok());
  now += 50;
  const auto held_back = tokens.get(call.call(), "key", granting(seconds(3600)));
  EXPECT_TRUE(!held_back.ok() && held_back.error().reason == "OAUTH_UNAVAILABLE");
  EXPECT_EQ(held_back.error().retry_after_ms, 10'000);
  EXPECT_EQ(asked, 0);
  now += 10;
  EXPECT_EQ(get(granting(seconds(3600))), 1);
}

TEST_F(AccessTokensTest, AreWaitedForWithinEachCallsOwnTimeAndCancellation) {
  std::atomic<bool> released = false;
  std::thread asker([&] {
    EXPECT_EQ(get([&](hub::Call asking) {
                released.wait(false);
                return granting(seconds(3600))(asking);
              }),
              1);
  });
  wait_for_clock(2);
  const FakeCall hurried(std::chrono::milliseconds(1));
  const auto late = tokens.get(hurried.call(), "key", granting(seconds(3600)));
  EXPECT_TRUE(!late.ok() && late.error().reason == "DEADLINE_EXCEEDED");

  FakeCall impatient;
  std::thread canceller([&] {
    wait_for_clock(4);
    impatient.cancel();
  });
  const auto given_up = tokens.get(impatient.call(), "key", granting(seconds(3600)));
  EXPECT_TRUE(!given_up.ok() && given_up.error().reason == "CANCELLED");
  canceller.join();

  released = true;
  released.notify_all();
  asker.join();
}

}  // namespace
}  // namespace databricks_token
