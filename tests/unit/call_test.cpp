// What a connector meets in a call, and what a host gets from one.
#include <Poco/JSON/Object.h>
#include <hub/strict_json.hpp>

#include <chrono>
#include <stop_token>
#include <thread>

#include "loader_fixture.hpp"

namespace {

using hub::Effect;
using hub::Retry;
using hub::Status;
using std::chrono::milliseconds;

class CallTest : public LoaderFixture {
 protected:
  void SetUp() override {
    library_ = load(install("talkative"));
    connection_ = library_->open(connection());
  }

  hub::Error failure(const std::string& operation, const std::string& request = "{}",
                     const hub::CallOptions& options = {}) {
    auto answer = connection_->invoke(operation, request, options);
    EXPECT_FALSE(answer.ok()) << operation << " answered " << (answer.ok() ? *answer : "");
    return answer.ok() ? hub::Error{} : answer.error();
  }

  /// Bounded by the calls' own deadlines.
  void until_logged(const std::string& text) const {
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
         services_.logged().find(text) == std::string::npos &&
         std::chrono::steady_clock::now() < end;) {
      std::this_thread::yield();
    }
  }

  static hub::CallOptions within(milliseconds timeout, std::stop_token cancel = {}) {
    hub::CallOptions options;
    options.timeout = timeout;
    options.cancel = std::move(cancel);
    return options;
  }

  std::unique_ptr<hub::ConnectorLibrary> library_;
  std::unique_ptr<hub::Connection> connection_;
};

TEST_F(CallTest, AnOperationAnswers) {
  const auto answer = connection_->invoke("echo", R"({"text": "hello"})");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, R"({"text": "hello"})");
}

TEST_F(CallTest, AnUnknownOperationNamesTheKnownOnes) {
  const auto error = failure("recite");
  EXPECT_EQ(error.status, Status::kInvalidArgument);
  EXPECT_EQ(error.reason, "UNKNOWN_OPERATION");
  EXPECT_NE(error.hint.find("echo"), std::string::npos);
}

TEST_F(CallTest, ARequestThatBreaksTheSchemaNamesThePlace) {
  auto error = failure("echo", R"({"text": 1})");
  EXPECT_EQ(error.reason, "REQUEST_INVALID");
  EXPECT_NE(error.message.find("/text is an integer"), std::string::npos) << error.message;
  error = failure("echo", R"({"txt": "a"})");
  EXPECT_NE(error.message.find("/txt is not a key"), std::string::npos) << error.message;
  error = failure("echo", "{");
  EXPECT_EQ(error.reason, "REQUEST_INVALID");
  EXPECT_EQ(failure("echo", R"({"text": ")" + std::string(5000, 'a') + "\"}").reason,
            "REQUEST_INVALID");
}

TEST_F(CallTest, TheCallCarriesWhatTheHostSaid) {
  const auto answer = connection_->invoke("context", "{}",
                                          {.timeout = milliseconds(30000),
                                           .cancel = {},
                                           .attempt = 3,
                                           .idempotency_key = "key",
                                           .trace_parent = "00-a-b-01"});
  ASSERT_TRUE(answer.ok());
  const auto json =
      hub::parse_strict_json(*answer, "answer").value.extract<Poco::JSON::Object::Ptr>();
  EXPECT_EQ(json->getValue<int>("attempt"), 3);
  EXPECT_EQ(json->getValue<std::string>("key"), "key");
  EXPECT_EQ(json->getValue<std::string>("trace"), "00-a-b-01");
  EXPECT_LE(json->getValue<int>("remaining_ms"), 30000);
  EXPECT_GT(json->getValue<int>("remaining_ms"), 20000);
}

TEST_F(CallTest, ACallWithoutADeadlineHasAllTheTime) {
  const auto answer = connection_->invoke("context", "{}", within(milliseconds::max()));
  ASSERT_TRUE(answer.ok());
  EXPECT_NE(answer->find("9223372036854"), std::string::npos) << *answer;
}

TEST_F(CallTest, CancellationWakesACallThatWaits) {
  std::stop_source source;
  std::jthread canceller([&] {
    until_logged("waiting");
    source.request_stop();
  });
  const auto error = failure("wait", "{}", within(milliseconds(20000), source.get_token()));
  EXPECT_EQ(error.status, Status::kCancelled);
  EXPECT_EQ(error.reason, "TOLD");
}

TEST_F(CallTest, ACallThatIsCancelledAlreadyHearsItAtOnce) {
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(failure("wait", "{}", within(milliseconds(20000), source.get_token())).status,
            Status::kCancelled);
}

TEST_F(CallTest, ACallEndsAtItsDeadline) {
  const auto error = failure("wait", "{}", within(milliseconds(20)));
  EXPECT_EQ(error.status, Status::kDeadlineExceeded);
  EXPECT_EQ(failure("wait", "{}", within(milliseconds(0))).reason, "LATE");
}

TEST_F(CallTest, ASecondCallOnABusyConnectionIsRefused) {
  std::stop_source source;
  std::jthread first([&] {
    EXPECT_FALSE(
        connection_->invoke("wait", "{}", within(milliseconds(20000), source.get_token())).ok());
  });
  until_logged("waiting");
  const auto second = connection_->invoke("echo", "{}");
  source.request_stop();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason, "CONNECTION_BUSY");
}

TEST_F(CallTest, ASecretIsMaskedInLogResponseAndError) {
  const auto answer = connection_->invoke("reveal", "{}");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, R"({"it is": "[redacted]"})");
  EXPECT_NE(services_.logged().find("3 prod: it is [redacted]"), std::string::npos)
      << "a level that nobody knows is an error: " << services_.logged();
  const auto error = failure("reveal-in-error");
  EXPECT_EQ(error.message, "refused [redacted]");
  EXPECT_EQ(error.hint, "replace [redacted]");
  EXPECT_EQ(error.detail_json, R"({"sent": "[redacted]"})");
}

TEST_F(CallTest, ADetailThatMaskingBreaksIsLeftOut) {
  services_.credentials["env:ADMIN"] = R"({"sent": ")";
  ASSERT_TRUE(connection_->invoke("reveal", "{}").ok());
  services_.credentials["env:ADMIN"] = "another";
  EXPECT_EQ(failure("reveal-in-error").detail_json, "");
}

TEST_F(CallTest, OnlyDeclaredAndGrantedSecretsAreHandedOut) {
  for (const std::string operation : {"get-undeclared", "get-ungranted", "begin-credential"}) {
    const auto error = failure(operation);
    EXPECT_EQ(error.status, Status::kPermissionDenied) << operation;
    EXPECT_EQ(error.reason, "SECRET_NOT_GRANTED") << operation;
  }
  EXPECT_NE(failure("get-ungranted").hint.find("manifest"), std::string::npos);
}

TEST_F(CallTest, ACredentialThatIsMissingSaysWhatToDo) {
  services_.credentials.clear();
  const auto error = failure("reveal");
  EXPECT_EQ(error.status, Status::kFailedPrecondition);
  EXPECT_EQ(error.reason, "CREDENTIAL_MISSING");
  EXPECT_EQ(error.hint, "export env:ADMIN");
}

TEST_F(CallTest, ASlotIsRotatedAndItsSnapshotIsTheJsonOfTheHeader) {
  EXPECT_EQ(failure("get-current").status, Status::kFailedPrecondition);
  const auto answer = connection_->invoke("rotate", "{}");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(
      *answer,
      R"({"slot": "00000000-0000-4000-8000-000000000001", "created_at": 1700000000000, )"
      R"("revision": 1, "now": 1700000000000, "state": "active", "note": {"log": ["a"]}, )"
      R"("current": {"version": 1, "note": {"nonce": "a"}}, "pending": null, "previous": []})");
  EXPECT_NE(services_.logged().find("staged [redacted]"), std::string::npos);
  EXPECT_EQ(*connection_->invoke("get-current", "{}"), R"({"size": 12})");
  const auto again = connection_->invoke("rotate", "{}");
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again->find(R"("previous": [{"version": 1, "note": {"nonce": "a"}, )"
                        R"("retire_after": 1700000005000, "retiring": false}])"),
            std::string::npos)
      << *again;
}

TEST_F(CallTest, AnErrorOfTheHostKeepsItsTextsAndItsDelay) {
  auto other = services_.memory.as_holder("them");
  ASSERT_TRUE(other.begin("prod/token", milliseconds(7000)).ok());
  auto error = failure("begin");
  EXPECT_EQ(error.status, Status::kUnavailable);
  EXPECT_EQ(error.retry, Retry::kSameCall);
  EXPECT_EQ(error.reason, "SLOT_BUSY");
  EXPECT_NE(error.message.find("is held by them"), std::string::npos);
  EXPECT_EQ(error.retry_after_ms, 7000);
  error = failure("begin-and-rename");
  EXPECT_EQ(error.reason, "OWN");
  EXPECT_EQ(error.message, "own words");
  EXPECT_EQ(error.hint, "") << "another error is not given the hint of the host's";
  EXPECT_EQ(error.retry_after_ms, 0);
}

TEST_F(CallTest, ASlotWhoseSnapshotWasNotTakenIsNotHeld) {
  EXPECT_EQ(failure("begin-unheard").reason, "OUTPUT_REFUSED");
  EXPECT_TRUE(services_.memory.as_holder("them").begin("prod/token", milliseconds(1000)).ok());
}

TEST_F(CallTest, ArgumentsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(failure("begin-forever").reason, "ARGUMENT_INVALID");
  EXPECT_EQ(failure("stage-nothing").reason, "ARGUMENT_INVALID");
  EXPECT_EQ(failure("bad-mark").reason, "ARGUMENT_INVALID");
  EXPECT_EQ(failure("large-note").reason, "NOTE_TOO_LARGE");
  EXPECT_EQ(failure("bad-note").reason, "NOTE_INVALID");
  EXPECT_EQ(failure("empty-note").reason, "NOTE_INVALID") << "it is there, and no object";
}

/// A store that breaks.
class BrokenStore : public hub::testing::MemorySlotStore {
 public:
  BrokenStore() : MemorySlotStore([] { return std::int64_t{0}; }) {}
  hub::Result<Begun> begin(std::string_view, milliseconds) override {
    throw std::runtime_error("the disk is full");
  }
};

TEST_F(CallTest, AStoreThatThrowsCannotTell) {
  BrokenStore broken;
  services_.store = &broken;
  const auto error = failure("begin");
  EXPECT_EQ(error.status, Status::kUnavailable);
  EXPECT_EQ(error.reason, "STORE_UNAVAILABLE");
  EXPECT_NE(error.message.find("the disk is full"), std::string::npos);
}

TEST_F(CallTest, NumbersThatNobodyKnowsAreReadTheCautiousWay) {
  auto error = failure("odd-numbers");
  EXPECT_EQ(error.status, Status::kUnknown);
  EXPECT_EQ(error.retry, Retry::kNever);
  EXPECT_EQ(error.effect, Effect::kUnknown);
  EXPECT_EQ(error.retry_after_ms, 0);
  EXPECT_EQ(error.message, "odd");
  EXPECT_EQ(error.detail_json, "");
  error = failure("old-error");
  EXPECT_EQ(error.status, Status::kNotFound);
  EXPECT_EQ(error.retry, Retry::kNever);
  EXPECT_EQ(error.effect, Effect::kUnknown);
  EXPECT_EQ(error.message.find("beyond"), std::string::npos);
}

TEST_F(CallTest, AnUnknownEffectIsTriedAgainOnlyWhenTheOperationIsIdempotent) {
  EXPECT_EQ(failure("unsure").retry, Retry::kNever);
  EXPECT_EQ(failure("unsure").effect, Effect::kUnknown);
  EXPECT_EQ(failure("unsure-idempotent").retry, Retry::kSameCall);
}

TEST_F(CallTest, AResponseThatIsNoJsonIsAnErrorOfUnknownEffect) {
  const auto error = failure("no-json");
  EXPECT_EQ(error.reason, "RESPONSE_INVALID");
  EXPECT_EQ(error.effect, Effect::kUnknown);
}

TEST_F(CallTest, WhatAConnectorThrowsIsAnInternalError) {
  const auto error = failure("throw");
  EXPECT_EQ(error.status, Status::kInternal);
  EXPECT_NE(error.message.find("out of luck"), std::string::npos);
}

TEST_F(CallTest, AFailureWithoutAReasonSaysThatItHasNone) {
  const auto zoo = load(install("minimal"));
  const auto open = zoo->open(hub::ConnectionManifest::read(directory_.write(
      "zoo.connection.json", R"({"name": "a", "connector": "zoo", "config": {}, "secrets": {}})")));
  const auto answer = open->invoke("run", "{}");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().status, Status::kUnavailable);
  EXPECT_EQ(answer.error().retry, Retry::kNever);
  EXPECT_EQ(answer.error().effect, Effect::kUnknown);
  EXPECT_EQ(answer.error().message, "the connector's run returned unavailable without saying why");
}

}  // namespace
