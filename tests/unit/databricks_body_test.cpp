// How the bytes of answers are read: databricks/error_body.hpp, json.hpp, http_date.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "databricks/error_body.hpp"
#include "databricks/errors.hpp"
#include "databricks/http_date.hpp"
#include "databricks/json.hpp"

namespace databricks_token {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const hub::Secret kBearer("s#Cr3t-bearer");

HttpResponse answer(int status, std::string body, std::string reason_phrase = "") {
  HttpResponse response;
  response.status = status;
  response.reason_phrase = std::move(reason_phrase);
  response.body = std::move(body);
  return response;
}

hub::Error refused_read(const HttpResponse& response) {
  return refused({Purpose::kRead, "GET tokens", kBearer}, response);
}

struct BodyCase {
  const char* name;
  std::string body;
  bool json;
  const char* code;
  std::string message;
};

void PrintTo(const BodyCase& row, std::ostream* out) { *out << row.name; }

class Body : public ::testing::TestWithParam<BodyCase> {};

TEST_P(Body, IsReadAsTheSdksReadIt) {
  const BodyCase& row = GetParam();
  const ErrorBody read = read_error_body(answer(400, row.body, "Bad Request"));
  EXPECT_EQ(read.json, row.json);
  EXPECT_EQ(read.code, row.code);
  EXPECT_EQ(read.message, row.message);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Body,
    ::testing::Values(
        BodyCase{"empty", "", false, "", "Bad Request"},
        BodyCase{"blank", " \r\n", false, "", "Bad Request"},
        BodyCase{"code and message", R"({"error_code":"A_B","message":"m"})", true, "A_B", "m"},
        BodyCase{"number", R"({"error_code":500,"message":"m"})", true, "500", "m"},
        BodyCase{"code alone", R"({"error_code":"A_B"})", true, "A_B", "Bad Request"},
        BodyCase{"null message", R"({"error_code":"A_B","message":null})", true, "A_B",
                 "Bad Request"},
        BodyCase{"API 1.2", R"({"error":"old","message":"m"})", true, "", "old"},
        BodyCase{"OAuth", R"({"error":"invalid_client","error_id":"1","error_description":"d"})",
                 true, "", "invalid_client"},
        BodyCase{
            "SCIM",
            R"({"detail":"Group with id 1234 is not found","status":"404","schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]})",
            true, "SCIM_404", "Group with id 1234 is not found"},
        BodyCase{"SCIM with type", R"({"detail":"d","status":"400","scimType":"invalidFilter"})",
                 true, "SCIM_400", "invalidFilter d"},
        BodyCase{"message before SCIM", R"({"message":"m","detail":"d","status":"400"})", true, "",
                 "m"},
        BodyCase{"SCIM null", R"({"detail":"null","status":500})", true, "SCIM_500",
                 "SCIM API Internal Error"},
        BodyCase{"line", "MALFORMED_REQUEST: vpc_endpoints malformed parameters: x: y", false,
                 "MALFORMED_REQUEST", "vpc_endpoints malformed parameters: x: y"},
        BodyCase{"no line", "Error: x", false, "", "Error: x"},
        BodyCase{"pre before title",
                 "<html><title>T</title><pre>   Worker environment not ready. </pre>", false, "",
                 "Worker environment not ready"},
        BodyCase{"title", "<HTML><TITLE>Error 403</TITLE>", false, "", "Error 403"},
        BodyCase{"HTML that says nothing", "<html><pre> </pre><p>x</p>", false, "", "Bad Request"},
        BodyCase{"pre without end", "<pre>x", false, "", "x"},
        BodyCase{"text", "upstream connect error", false, "", "upstream connect error"},
        BodyCase{"unknown object", R"({"hello":"world"})", false, "", "Bad Request"},
        BodyCase{"JSON text", R"("This is a string")", false, "", "Bad Request"},
        BodyCase{"JSON array", R"([{"error_code":"A_B"}])", false, "", "Bad Request"},
        BodyCase{"broken JSON", R"({"token_value":"dapi123)", false, "", "Bad Request"},
        BodyCase{"two objects", R"({"error_code":"A"}{"error_code":"B"})", false, "",
                 "Bad Request"},
        BodyCase{"code of a wrong type", R"({"error_code":true,"message":"m"})", false, "",
                 "Bad Request"},
        BodyCase{"message of a wrong type", R"({"error_code":"A_B","message":["m"]})", false, "",
                 "Bad Request"},
        BodyCase{"not UTF-8", "\x80", false, "", "\x80"},
        BodyCase{"JSON not in UTF-8", "{\"message\":\"\x80\"}", false, "", "Bad Request"},
        BodyCase{"too deep",
                 R"({"error_code":"A_B","x":)" + std::string(64, '[') + std::string(64, ']') + "}",
                 false, "", "Bad Request"}));

TEST(Body, OfAWrongTypeNeverPassesForADatabricksAnswer) {
  const hub::Error error = refused({Purpose::kDeleteToken, "DELETE x", kBearer},
                                   answer(404, R"({"error_code":"NOT_FOUND","message":7})"));
  EXPECT_EQ(error.reason, "NOT_DATABRICKS");
}

TEST(Body, PrefersTheReasonPhraseOfDatabricksWhenItIsEmpty) {
  HttpResponse response = answer(403, "", "Forbidden");
  response.headers.set("X-Databricks-Reason-Phrase", "Invalid access token.");
  EXPECT_EQ(refused_read(response).reason, "CREDENTIAL_INVALID");
}

TEST(Body, YieldsRequestIdAndDelayFromItsDetails) {
  const ErrorBody read = read_error_body(answer(429, R"({"error_code":"X","details":[
      {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"r","metadata":{"k":"v"}},
      {"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":"req-1"},
      {"@type":"type.googleapis.com/google.rpc.RetryInfo","retry_delay":"42.0000000012s"}]})"));
  EXPECT_TRUE(read.json);
  EXPECT_EQ(read.request_id, "req-1");
  EXPECT_EQ(read.retry_after_ms, 42000);
}

TEST(Body, WithMalformedDetailsIsStillRead) {
  for (const char* details : {"7", "[7]", R"([{"@type":7}])", R"({"a":1})"}) {
    const ErrorBody read = read_error_body(
        answer(404, std::string(R"({"error_code":"NOT_FOUND","details":)") + details + "}"));
    EXPECT_TRUE(read.json) << details;
    EXPECT_EQ(read.code, "NOT_FOUND") << details;
  }
}

TEST(Detail, HoldsRequestIdAndCode) {
  HttpResponse response = answer(403, R"({"error_code":403,"message":"Invalid access token."})");
  response.headers.set("x-request-id", "b1\"\n\x01");
  EXPECT_EQ(refused_read(response).detail_json, R"({"error_code":"403","request_id":"b1\" "})");
}

TEST(RetryAfter, IsReadAsSecondsOrDateAndClamped) {
  const auto wait = [](const char* value) {
    HttpResponse response = answer(429, "");
    response.headers.set("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    response.headers.set("Retry-After", value);
    return refused_read(response).retry_after_ms;
  };
  EXPECT_EQ(wait("7"), 7000);
  EXPECT_EQ(wait("1.58"), 1580);
  EXPECT_EQ(wait("0"), 1000);
  EXPECT_EQ(wait("100000000000000000000"), 600000);
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:49:49 GMT"), 12000);
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:00:00 GMT"), 1000);
  EXPECT_EQ(wait("Mon, 06 Nov 2034 08:00:00 GMT"), 600000);
  EXPECT_EQ(wait("-5"), 0);
  EXPECT_EQ(wait("nan"), 0);
  EXPECT_EQ(wait("soon"), 0);
  EXPECT_EQ(wait(""), 0);
  EXPECT_EQ(refused_read(answer(429, "")).retry_after_ms, 0);
}

TEST(HttpDate, IsNothingUnlessItIsOne) {
  EXPECT_TRUE(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"));
  for (const char* text : {"", "yesterday", "Sun, 06 Nov 1994", "Sun, 36 Nov 1994 08:49:37 GMT",
                           "7", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

// ---- Quoting ----

TEST(Quoted, NeverShowsTheBearerOrAnythingLikeACredential) {
  const std::string shown =
      refused_read(
          answer(
              400,
              R"({"error_code":"s#Cr3t-bearer","message":"no s#Cr3t-bearer, (dapi0123456789abcdef) eyJhbGciOi.J9.x_y=dose0123456789"})"))
          .message;
  EXPECT_THAT(shown, Not(HasSubstr("s#Cr3t")));
  EXPECT_THAT(shown, Not(HasSubstr("0123456789")));
  EXPECT_THAT(shown, Not(HasSubstr("J9")));
  EXPECT_THAT(shown, HasSubstr("no **REDACTED**, (**REDACTED**) **REDACTED**=**REDACTED**"));
}

TEST(Quoted, KeepsWordsThatOnlyBeginLikeACredential) {
  EXPECT_EQ(quoted("dapi dose eyJ dapi_tokens", kBearer), "dapi dose eyJ dapi_tokens");
}

TEST(Quoted, IsOneLineOfValidUtf8WithoutControlCharacters) {
  EXPECT_EQ(quoted(" a\r\n\tb\x1b[31m \x7f\xc2\x85"
                   "c\x80"
                   "d",
                   kBearer),
            "a b [31m c?d");
  EXPECT_EQ(quoted("caf\xc3\xa9 \xf0\x9f\x94\x91", kBearer), "caf\xc3\xa9 \xf0\x9f\x94\x91");
}

TEST(Quoted, IsCutAtACodePoint) {
  std::string keys;
  for (int i = 0; i < 200; ++i) keys += "\xf0\x9f\x94\x91";
  const std::string cut = quoted(keys, kBearer);
  EXPECT_LE(cut.size(), 300U);
  EXPECT_EQ(cut, keys.substr(0, 296) + "...");
}

TEST(Quoted, FindsTheBearerWhereTheTextIsCut) {
  const std::string cut = quoted(std::string(290, 'x') + " s#Cr3t-bearer", kBearer);
  EXPECT_THAT(cut, Not(HasSubstr("s#C")));
}

// ---- JSON ----

TEST(Json, KeepsIntegersOf64BitsAsNumbersAndAsTexts) {
  const auto object = JsonObject::parse(
      R"({"a":9223372036854775807,"b":"9007199254740993","c":-1,"d":9007199254740993,"e":null})");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->integer("a"), 9223372036854775807);
  EXPECT_EQ(object->integer("b"), 9007199254740993);
  EXPECT_EQ(object->integer("c"), -1);
  EXPECT_EQ(object->integer("d"), 9007199254740993);
  EXPECT_EQ(object->integer("e"), std::nullopt);
  EXPECT_EQ(object->integer("f"), std::nullopt);
}

TEST(Json, RefusesWhatIsNoIntegerOf64Bits) {
  for (const char* value : {"1.0", "1e3", "true", "[1]", "{}", "\"\"", "\" 1\"", "\"1 \"",
                            "\"0x1\"", "\"9223372036854775808\"", "9223372036854775808"}) {
    const auto object = JsonObject::parse(std::string(R"({"a":)") + value + "}");
    ASSERT_TRUE(object) << value;
    EXPECT_THROW(object->integer("a"), WrongShape) << value;
  }
}

TEST(Json, NamesTheMemberThatIsWrongByItsPathAndNotItsValue) {
  const auto object = JsonObject::parse(R"({"a":[{"b":{"c":1}},{"b":{"c":"s3cret"}}]})");
  ASSERT_TRUE(object);
  try {
    for (const JsonObject& element : object->objects("a")) element.object("b")->boolean("c");
    FAIL() << "nothing was thrown";
  } catch (const WrongShape& wrong) {
    EXPECT_STREQ(wrong.what(), "a[0].b.c is not true or false");
  }
}

TEST(Json, RefusesOtherTypesOfArraysAndObjects) {
  const auto object = JsonObject::parse(R"({"a":[1],"b":"x","c":["x",1]})");
  ASSERT_TRUE(object);
  EXPECT_THROW(object->objects("a"), WrongShape);
  EXPECT_THROW(object->objects("b"), WrongShape);
  EXPECT_THROW(object->object("b"), WrongShape);
  EXPECT_THROW(object->texts("b"), WrongShape);
  EXPECT_THROW(object->texts("c"), WrongShape);
  EXPECT_THROW(object->text("a"), WrongShape);
  EXPECT_THROW(object->required("z", object->text("z")), WrongShape);
}

TEST(Json, HandsASecretOutOnce) {
  auto object = JsonObject::parse(R"({"token_value":"s#Cr3t!11"})");
  ASSERT_TRUE(object);
  const auto secret = object->take_secret("token_value");
  EXPECT_EQ(secret.reveal(), "s#Cr3t!11");
  EXPECT_EQ(object->text("token_value"), std::string(9, '\0'));
}

}  // namespace
}  // namespace databricks_token
