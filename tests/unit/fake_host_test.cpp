// The kit for authors: what FakeHost notices, and its faults, shown on a connector of this file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hub/testing/fake_host.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace {

using hub::Call;
using hub::Result;
using hub::Secret;
using hub::SlotTransaction;
using hub::Status;
using hub::testing::FakeHost;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Operation = std::function<Result<std::string>(Call)>;
std::map<std::string, Operation, std::less<>> operations;

/// Runs whatever the test has put under the operation's name.
class Scripted {
 public:
  static constexpr std::string_view kId = "scripted";
  static constexpr std::string_view kVersion = "1.0.0";
  static std::string describe() { return "{}"; }
  static Result<std::unique_ptr<Scripted>> open(Call, std::string_view, std::string_view) {
    return std::make_unique<Scripted>();
  }
  Result<std::string> invoke(Call call, std::string_view operation, std::string_view) {
    return operations.find(operation)->second(call);
  }
};

Result<std::string> done(const Result<>& result) {
  if (!result) return result.error();
  return std::string("{}");
}

/// Makes `minted-value` the slot's current version.
Result<std::string> rotate(Call call) {
  auto transaction = SlotTransaction::begin(call, "token", seconds(60));
  if (!transaction) return std::move(transaction).error();
  const auto version =
      transaction->stage_value(Secret("minted-value"), R"({"n": 1})", R"({"of": "slot"})");
  if (!version) return version.error();
  return done(transaction->commit(*version, milliseconds(0), {}, {}));
}

class FakeHostTest : public ::testing::Test {
 protected:
  ~FakeHostTest() override { operations.clear(); }

  Result<std::string> run(Operation operation) {
    operations.insert_or_assign("run", std::move(operation));
    return host_.open("{}")->invoke("run", "{}");
  }

  FakeHost host_{&hub::Export<Scripted>::kTable};
};

TEST_F(FakeHostTest, HandsOutWhatWasGrantedAndNothingElse) {
  const std::string canary = host_.grant("key");
  const auto read = [](std::string_view name) {
    return [=](Call call) -> Result<std::string> {
      const auto key = call.secret(name);
      if (!key) return key.error();
      return std::to_string(key->size());
    };
  };
  EXPECT_EQ(*run(read("key")), std::to_string(canary.size()));
  EXPECT_EQ(run(read("other")).error().reason, "SECRET_NOT_GRANTED");
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(FakeHostTest, FindsASecretInALogLineAnErrorAResponseAndANote) {
  host_.grant("key");
  host_.grant_slot("token");
  const auto key = [](Call call) { return std::string(call.secret("key")->reveal()); };

  (void)run([&](Call call) {
    call.log(hub::LogLevel::kInfo, "the key is " + key(call));
    return done({});
  });
  (void)run([&](Call call) { return hub::Error{.reason = "BAD", .message = key(call)}; });
  (void)run([&](Call call) { return Result<std::string>(key(call)); });
  (void)run([&](Call call) {
    const std::string note = R"({"key": ")" + key(call) + "\"}";
    return done(SlotTransaction::begin(call, "token", seconds(1))->note(note));
  });
  EXPECT_THAT(host_.violations(),
              ElementsAre("a secret is in a log line", "a secret is in an error",
                          "a secret is in a response", "a secret is in a note"));
}

TEST_F(FakeHostTest, RefusesWhatNoHostTakes) {
  host_.grant_slot("token");
  const auto refused = [&](const std::function<Result<>(SlotTransaction&)>& write) {
    const auto answer = run([&](Call call) {
      auto slot = SlotTransaction::begin(call, "token", seconds(1));
      return done(write(*slot));
    });
    return answer ? std::string() : answer.error().reason;
  };
  EXPECT_EQ(refused([](auto& slot) { return slot.note("[]"); }), "NOTE_INVALID");
  EXPECT_EQ(refused([](auto& slot) { return slot.note(""); }), "NOTE_INVALID");
  EXPECT_EQ(refused([](auto& slot) { return slot.note({}); }), "ARGUMENT_INVALID");
  EXPECT_EQ(refused([](auto& slot) { return slot.renew(milliseconds(0)); }), "ARGUMENT_INVALID");
  EXPECT_EQ(refused([](auto& slot) { return slot.commit(1, milliseconds(-1), {}, {}); }),
            "ARGUMENT_INVALID");
  EXPECT_EQ(refused([](auto& slot) {
              return slot.note("{\"a\": \"" + std::string(16 * 1024, 'a') + "\"}");
            }),
            "NOTE_TOO_LARGE");
  EXPECT_EQ(refused([](auto& slot) { return slot.note(" {\"is\": 1}\n"); }), "");
  (void)run([](Call call) {
    const auto begun = SlotTransaction::begin(call, "token", milliseconds(0));
    return Result<std::string>(begun.error());
  });
  EXPECT_THAT(host_.violations(),
              ElementsAre("a note is no JSON object", "a note is no JSON object",
                          "a note that was to be replaced is absent",
                          "a lease is shorter than a millisecond", "a grace period is negative",
                          "a note is over 16 KiB", "a lease is shorter than a millisecond"));
}

TEST_F(FakeHostTest, LeavesNoSlotBegunWhoseSnapshotWasNotTaken) {
  host_.grant_slot("token");
  const auto answer = run([](Call call) -> Result<std::string> {
    const hub_sink deaf{
        nullptr, [](void*, hub_bytes) noexcept -> hub_status { return HUB_RESOURCE_EXHAUSTED; }};
    std::uint64_t fence = 0;
    return *Call::refusal(
        call.raw()->secret_begin(call.raw(), hub::text_of("token"), 1000, &fence, deaf));
  });
  EXPECT_EQ(answer.error().reason, "OUTPUT_REFUSED");
  EXPECT_TRUE(host_.slots().as_holder("other").begin("token", seconds(1)));
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(FakeHostTest, StartsAConnectorOnce) {
  EXPECT_TRUE(host_.start());
  EXPECT_TRUE(host_.start());
  host_.stop();
  EXPECT_EQ(host_.start().error().reason, "CONNECTOR_STOPPED");
}

TEST_F(FakeHostTest, FillsAnErrorOnlyFromWhatItSaidOfTheSameOne) {
  host_.grant("key");
  const auto told = [&](const hub::Error& error) {
    return run([&](Call call) -> Result<std::string> {
      EXPECT_FALSE(call.secret("other"));  // PERMISSION_DENIED, SECRET_NOT_GRANTED, with a hint
      EXPECT_EQ(call.look("token").error().status, Status::kNotFound);
      return error;
    });
  };
  host_.grant_slot("token");
  EXPECT_NE(told({.status = Status::kPermissionDenied}).error().hint, "");
  EXPECT_EQ(told({.status = Status::kPermissionDenied, .reason = "OURS"}).error().hint, "");
  EXPECT_EQ(told({.status = Status::kInternal, .reason = "OURS"}).error().hint, "");
}

TEST_F(FakeHostTest, TakesAStatusOfItsOwnAsItIs) {
  host_.grant_slot("token");
  hub::testing::FakeCall call(host_);
  EXPECT_FALSE(call.call().secret("other"));
  EXPECT_FALSE(call.call().look("token"));
  EXPECT_EQ(call.outcome(HUB_PERMISSION_DENIED).error().reason, "SECRET_NOT_GRANTED");
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(FakeHostTest, FindsAValueThatTheConnectorMintedItself) {
  host_.grant_slot("token");
  (void)run([](Call call) {
    (void)rotate(call);
    return Result<std::string>("minted-value");
  });
  EXPECT_THAT(host_.violations(), ElementsAre("a secret is in a response"));
}

TEST_F(FakeHostTest, FindsWhatACallLeftBehind) {
  host_.grant_slot("token");
  (void)run([](Call call) {
    call.raw()->on_cancel(
        call.raw(), [](void*) noexcept {}, nullptr);
    hub::TextSink snapshot;
    std::uint64_t fence = 0;
    call.raw()->secret_begin(call.raw(), hub::text_of("token"), 1000, &fence, snapshot.sink());
    return done({});
  });
  EXPECT_THAT(host_.violations(), ElementsAre("a callback was left registered with on_cancel",
                                              "slot token was left begun"));
}

TEST_F(FakeHostTest, FindsAFailureWithoutAWord) {
  hub::testing::FakeCall call(host_);
  EXPECT_EQ(call.outcome(HUB_UNAVAILABLE).error().reason, "UNEXPLAINED");
  EXPECT_THAT(host_.violations(),
              ElementsAre("the status unavailable was returned without fail()"));
}

TEST_F(FakeHostTest, KeepsSlotsWithLeaseAndRevision) {
  host_.grant_slot("token");
  auto other = host_.slots().as_holder("other");
  ASSERT_TRUE(other.begin("token", seconds(60)).ok());
  EXPECT_EQ(run(rotate).error().reason, "SLOT_BUSY");

  host_.advance(seconds(61));
  ASSERT_TRUE(run(rotate).ok());
  EXPECT_EQ(host_.slots().look("token")->revision, 2U);
  EXPECT_EQ(host_.slots().current("token")->reveal(), "minted-value");
}

TEST_F(FakeHostTest, LetsEachCallOfTheHostsFunctionsFailBeforeOrAfterItsEffect) {
  for (const auto fault : {FakeHost::Fault::kUnavailable, FakeHost::Fault::kAnswerLost}) {
    FakeHost host(&hub::Export<Scripted>::kTable);
    host.grant_slot("token");
    operations.insert_or_assign("run", rotate);
    auto connection = host.open("{}");
    std::size_t number = 0;
    for (;; ++number) {
      host.fail_at(number, fault);
      const auto rotated = connection->invoke("run", "{}");
      if (host.calls() <= number) break;
      const bool is_end = host.calls() == number + 1 && rotated.ok();  // nobody asks how that went
      EXPECT_TRUE(is_end || rotated.error().status == Status::kUnavailable) << number;
    }
    EXPECT_EQ(number, 4U);  // begin, stage, commit, end
    EXPECT_THAT(host.violations(), IsEmpty());
  }
}

TEST_F(FakeHostTest, AnAnswerThatWasLostHasTakenEffect) {
  host_.grant_slot("token");
  host_.fail_at(2, FakeHost::Fault::kUnavailable);
  EXPECT_FALSE(run(rotate).ok());
  EXPECT_FALSE(host_.slots().look("token")->current.has_value());

  host_.fail_at(2, FakeHost::Fault::kAnswerLost);
  EXPECT_FALSE(run(rotate).ok());
  EXPECT_TRUE(host_.slots().look("token")->current.has_value());
}

TEST_F(FakeHostTest, MovesTimeOnlyWhenTheTestDoes) {
  host_.set_timeout(seconds(10));
  std::vector<std::chrono::nanoseconds> left;
  (void)run([&](Call call) {
    left.push_back(call.remaining());
    host_.advance(seconds(4));
    left.push_back(call.remaining());
    host_.advance(seconds(7));
    left.push_back(call.remaining());
    return done({});
  });
  EXPECT_THAT(left, ElementsAre(seconds(10), seconds(6), seconds(0)));
}

TEST_F(FakeHostTest, EndsTheTimeOrCancelsInTheMiddleOfACall) {
  host_.grant("key");
  for (const auto fault : {FakeHost::Fault::kTimeUp, FakeHost::Fault::kCancel}) {
    host_.resume();
    host_.fail_at(1, fault);
    std::vector<bool> over;
    (void)run([&](Call call) {
      for (int i = 0; i < 3; ++i) {
        (void)call.secret("key");
        over.push_back(call.cancelled() || call.remaining() == seconds(0));
      }
      return done({});
    });
    EXPECT_THAT(over, ElementsAre(false, true, true));
  }
}

TEST_F(FakeHostTest, CancelsFromAnotherThreadWhatWaitsForAStopToken) {
  std::thread host([this] { host_.cancel(); });
  const auto waited = run([](Call call) -> Result<std::string> {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any woken;
    const hub::Cancellation cancellation(call);
    woken.wait(lock, cancellation.token(), [] { return false; });
    return hub::Error{.status = Status::kCancelled, .reason = "CANCELLED", .message = "cancelled"};
  });
  host.join();
  EXPECT_EQ(waited.error().status, Status::kCancelled);
  EXPECT_THAT(host_.violations(), IsEmpty());
}

}  // namespace
