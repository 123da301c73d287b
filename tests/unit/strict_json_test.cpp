#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <hub/strict_json.hpp>

#include "loader_fixture.hpp"

namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

hub::LocatedJson parsed(const std::string& text) { return hub::parse_strict_json(text, "a.json"); }

TEST(StrictJsonTest, BuildsValuesOfEachType) {
  const auto root = parsed(R"({"a": [1, -9223372036854775808, 1.5, true, null, "\u00fc"],
                               "b": {}})")
                        .value.extract<Object::Ptr>();
  const auto array = root->getArray("a");
  EXPECT_EQ(array->getElement<int>(0), 1);
  EXPECT_EQ(array->get(1).extract<Poco::Int64>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(array->get(2).extract<double>(), 1.5);
  EXPECT_TRUE(array->get(3).extract<bool>());
  EXPECT_TRUE(array->get(4).isEmpty());
  EXPECT_EQ(array->get(5).extract<std::string>(), "\xc3\xbc");
  EXPECT_EQ(root->getObject("b")->size(), 0U);
}

TEST(StrictJsonTest, KnowsTheLineOfEachPointer) {
  const auto json = parsed("{\n\"a\":\n 1, \"b/c~d\": [\n {\"e\": 2},\n 3]}");
  EXPECT_EQ(json.line_of("/a"), 2) << "where the key stands";
  EXPECT_EQ(json.line_of("/b~1c~0d"), 3);
  EXPECT_EQ(json.line_of("/b~1c~0d/0/e"), 4);
  EXPECT_EQ(json.line_of("/b~1c~0d/1"), 5);
  EXPECT_EQ(json.line_of("/b~1c~0d/0/missing/deeper"), 4) << "of what would hold it";
  EXPECT_EQ(json.line_of("/missing"), 1);
}

TEST(StrictJsonTest, RefusesWhatIsNotStrict) {
  using namespace std::string_literals;
  const std::string deep(65, '[');
  for (const std::string& text : {""s,
                                  "{"s,
                                  "{} {}"s,
                                  "{\"a\": 1,}"s,
                                  "[1,]"s,
                                  "{'a': 1}"s,
                                  "{a: 1}"s,
                                  "// x\n1"s,
                                  "01"s,
                                  "NaN"s,
                                  "1e400"s,
                                  "9223372036854775808"s,
                                  "18446744073709551616"s.insert(0, "["),
                                  "\"\t\""s,
                                  "\"\xff\""s,
                                  "\"\\ud800\""s,
                                  "\"\\u0000\""s,
                                  "{\"\\u0000\": 1}"s,
                                  "{}\0{"s,
                                  "\xef\xbb\xbf{}"s,
                                  "{\"a\": 1, \"\\u0061\": 2}"s,
                                  "{\"a\": {\"b\": 1}, \"b\": [{}], \"a\": 2}"s,
                                  deep,
                                  deep + std::string(65, ']')}) {
    const auto refused = refusal([&] { parsed(text); });
    ASSERT_TRUE(refused) << text;
    EXPECT_EQ(refused->error.reason, "JSON_INVALID") << text;
    EXPECT_TRUE(refusal([&] { hub::check_strict_json(text, "a.json"); })) << text;
  }
}

TEST(StrictJsonTest, TellsAnObjectWithoutKeepingIt) {
  EXPECT_TRUE(
      hub::check_strict_json(R"({"a": [{"a": 1}, {"a": 2}, "b"], "b": {"a": 3}})", "a.json"));
  EXPECT_TRUE(hub::check_strict_json(R"({"a": "straße"})", "a.json"));
  EXPECT_FALSE(hub::check_strict_json(R"([{"a": 1}])", "a.json"));
  EXPECT_FALSE(hub::check_strict_json("1", "a.json"));
}

TEST(StrictJsonTest, NamesFileLineAndKey) {
  expect_refused([] { parsed("{\"a\": {\n\"b\": 1,\n\"b\": 2}}"); }, "JSON_INVALID", "HUB-L-03",
                 "a.json:3: is not strict JSON: the key \"b\" stands there twice", "line 3");
}

}  // namespace
