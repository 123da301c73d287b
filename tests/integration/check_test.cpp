// The preflight: what it finds, and that it changes nothing.
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "integration/fixture.hpp"
#include "workspace/certificate_authority.hpp"

namespace integration {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kMe = "/api/2.0/preview/scim/v2/Me";
constexpr const char* kList = "/api/2.0/token-management/tokens";
constexpr const char* kPermissions = "/api/2.0/permissions/authorization/tokens";

struct Finding {
  std::string result;
  std::string message;
  std::string hint;
};

class Check : public HostTest {
 protected:
  using Findings = std::map<std::string, Finding>;

  /// What a check that exits with that code finds.
  Findings check(int code, const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"--json", "check", "local"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Finished finished = host(arguments);
    EXPECT_EQ(finished.code, code) << finished.out << finished.err;
    const auto result =
        Poco::JSON::Parser().parse(finished.out).extract<Object>()->getObject("result");
    EXPECT_EQ(result->getValue<bool>("passed"), code == 0);
    Findings findings;
    names.clear();
    const auto array = result->getArray("findings");
    for (unsigned i = 0; i < array->size(); ++i) {
      const auto finding = array->getObject(i);
      names.push_back(finding->getValue<std::string>("check"));
      findings[names.back()] = {finding->getValue<std::string>("result"),
                                finding->getValue<std::string>("message"),
                                finding->optValue<std::string>("hint", "")};
    }
    EXPECT_EQ(names, all_checks());
    return findings;
  }

  /// Those that the connector describes.
  std::vector<std::string> all_checks() const {
    if (described_.empty()) {
      const auto schema = json({"describe", "local"}, 0)
                              ->getObject("result")
                              ->getObject("operations")
                              ->getObject("check")
                              ->getObject("response");
      const auto words = schema->getObject("properties")
                             ->getObject("findings")
                             ->getObject("items")
                             ->getObject("properties")
                             ->getObject("check")
                             ->getArray("enum");
      for (unsigned i = 0; i < words->size(); ++i)
        described_.push_back(words->getElement<std::string>(i));
    }
    return described_;
  }

  static void expect_rest_skipped(const Findings& findings, const std::vector<std::string>& looked,
                                  const std::string& because) {
    for (const auto& [name, finding] : findings) {
      if (std::ranges::find(looked, name) != looked.end()) continue;
      EXPECT_EQ(finding.result, "unknown") << name;
      EXPECT_EQ(finding.message, "not looked at, because " + because) << name;
    }
  }

  /// The methods of the requests since the last call of this.
  std::vector<std::string> new_methods() {
    const auto all = methods();
    const std::vector<std::string> fresh(all.begin() + seen_, all.end());
    seen_ = static_cast<std::ptrdiff_t>(all.size());
    return fresh;
  }

  void use_principal(const std::string& application_id) const {
    auto manifest = connection();
    manifest->getObject("config")->set("application_id", application_id);
    write_connection(manifest);
  }

  void create_token() const { ASSERT_EQ(host({"create-token", "local"}).code, 0); }

  std::vector<std::string> names;

 private:
  mutable std::vector<std::string> described_;
  std::ptrdiff_t seen_ = 0;
};

TEST_F(Check, PassesBeforeAndAfterTheFirstToken) {
  auto findings = check(0);
  for (const char* passed :
       {"workspace", "clock", "credential", "admin", "principal", "token-permission",
        "tokens-enabled", "lifetime", "token-count", "orphans"}) {
    EXPECT_EQ(findings[passed].result, "pass") << passed;
    EXPECT_THAT(findings[passed].hint, IsEmpty()) << passed;
  }
  EXPECT_EQ(findings["current-token"].result, "unknown");
  EXPECT_THAT(findings["current-token"].message, HasSubstr("create-token"));
  EXPECT_THAT(findings["token-count"].message, HasSubstr("0 of 600"));

  create_token();
  findings = check(0);
  EXPECT_EQ(findings["current-token"].result, "pass");
  EXPECT_THAT(findings["current-token"].message,
              ContainsRegex("token [0-9a-f]{64} is alive until 20[0-9-]+T[0-9:]+Z"));
  EXPECT_THAT(findings["token-count"].message, HasSubstr("1 of 600"));
  EXPECT_EQ(findings["on-behalf-of"].result, "unknown");
  EXPECT_THAT(findings["on-behalf-of"].hint, HasSubstr("Feature enablement"));
}

TEST_F(Check, ChangesNothing) {
  create_token();
  new_methods();
  check(0);
  const auto sent = new_methods();
  EXPECT_GE(sent.size(), 5U);
  EXPECT_THAT(sent, Each("GET"));
}

TEST_F(Check, SaysWhatItFoundInALineEach) {
  const auto passed = host({"check", "local"});
  EXPECT_THAT(passed.out, AllOf(StartsWith("pass     workspace: reached https://127.0.0.1:"),
                                HasSubstr("\nunknown  on-behalf-of: "),
                                HasSubstr("\n         hint: If create-token answers")));
}

// ---- The permission ----

TEST_F(Check, GrantsAMissingPermissionOnceAndOnlyWhenAsked) {
  use_principal(workspace.principal("no-token-permission").application_id);
  auto findings = check(0);
  EXPECT_EQ(findings["token-permission"].result, "unknown");
  EXPECT_THAT(findings["token-permission"].hint, HasSubstr("Never PUT"));
  EXPECT_THAT(new_methods(), Each("GET"));
  ASSERT_EQ(host({"create-token", "local"}).code, 1);
  new_methods();

  findings = check(0, {"--fix-permission"});
  EXPECT_EQ(findings["token-permission"].result, "pass");
  EXPECT_THAT(findings["token-permission"].message, HasSubstr("granted it now, by PATCH"));
  auto sent = new_methods();
  EXPECT_EQ(std::ranges::count(sent, "PATCH"), 1);
  EXPECT_EQ(std::ranges::count(sent, "GET"), static_cast<std::ptrdiff_t>(sent.size()) - 1);

  findings = check(0, {"--fix-permission"});
  EXPECT_EQ(findings["token-permission"].message, "the service principal may use tokens");
  EXPECT_THAT(new_methods(), Each("GET"));
  create_token();
}

TEST_F(Check, GrantsNothingThatItCouldNotSeeMissing) {
  serve({kPermissions, "GET", 403, R"({"error_code":"PERMISSION_DENIED","message":"no"})"});
  new_methods();
  EXPECT_EQ(check(1, {"--fix-permission"})["token-permission"].result, "fail");
  EXPECT_THAT(new_methods(), Each("GET"));
}

TEST_F(Check, SaysWhyAPermissionCouldNotBeGranted) {
  use_principal(workspace.principal("no-token-permission").application_id);
  serve({kPermissions, "PATCH", 404,
         R"({"message":"Principal: ServicePrincipalName(x) does not exist"})"});
  auto finding = check(1, {"--fix-permission"})["token-permission"];
  EXPECT_EQ(finding.result, "fail");
  EXPECT_THAT(finding.message, HasSubstr("ServicePrincipalName(x)"));
  EXPECT_THAT(finding.hint, HasSubstr("a UUID"));

  workspace.clear_faults();
  workspace.fail(
      R"({"path": "*/permissions/*", "method": "PATCH", "times": 3, "close": "before"})");
  EXPECT_EQ(check(3, {"--fix-permission"})["token-permission"].result, "unknown");
  serve({kPermissions, "PATCH", 200, "<html>Sign in</html>"});
  EXPECT_EQ(check(3, {"--fix-permission"})["token-permission"].result, "unknown");
}

// ---- What keeps it from looking further ----

TEST_F(Check, FailsWhenTheWorkspaceCannotBeReached) {
  workspace.kill();
  auto findings = check(1);
  EXPECT_EQ(findings["workspace"].result, "fail");
  EXPECT_THAT(findings["workspace"].message, HasSubstr("cannot connect"));
  EXPECT_THAT(findings["workspace"].hint, HasSubstr("firewall"));
  expect_rest_skipped(findings, {"workspace"}, "the workspace was not reached");
}

TEST_F(Check, FailsWhenTheWorkspaceIsNotTrusted) {
  const local_workspace::CertificateAuthority other("Another authority");
  auto manifest = connection();
  manifest->getObject("config")->getObject("tls")->set(
      "ca_file", write("other.pem", other.certificate().certificate_pem).string());
  write_connection(manifest);
  auto findings = check(1);
  EXPECT_EQ(findings["workspace"].result, "fail");
  EXPECT_THAT(findings["workspace"].hint, HasSubstr("tls.ca_file"));
  expect_rest_skipped(findings, {"workspace"}, "the workspace was not reached");
}

TEST_F(Check, FailsWhenSomethingElseAnswers) {
  for (const Served& served :
       {Served{"/api/*", "", 200, "<html>Sign in</html>"}, Served{"/api/*", "", 404, "<html>"},
        Served{"/api/*",
               "",
               302,
               "",
               {{"Location", "/login.html?error=private-link-validation-error:1"}}},
        Served{"/api/*", "", 403,
               R"({"error_code":403,"message":"Source IP address: 203.0.113.7 is blocked by )"
               R"(Databricks IP ACL for workspace: 12"})"}}) {
    serve(served);
    auto findings = check(1);
    EXPECT_EQ(findings["workspace"].result, "fail") << served.body;
    EXPECT_THAT(findings["workspace"].hint, Not(IsEmpty())) << served.body;
    expect_rest_skipped(findings, {"workspace"}, "the workspace was not reached");
  }
}

TEST_F(Check, FailsByACredentialThatIsNotAccepted) {
  environment["DATABRICKS_ADMIN_TOKEN"] = "canary-4f7a1c";
  auto findings = check(1);
  EXPECT_EQ(findings["workspace"].result, "pass");
  EXPECT_EQ(findings["clock"].result, "pass");
  EXPECT_EQ(findings["credential"].result, "fail");
  EXPECT_THAT(findings["credential"].hint, HasSubstr("neither expired nor revoked"));
  expect_rest_skipped(findings, {"workspace", "clock", "credential"},
                      "the workspace did not answer who the credential is of");

  environment["DATABRICKS_ADMIN_TOKEN"] = "canary-4f 7a1c";
  findings = check(1);
  EXPECT_EQ(findings["credential"].result, "fail");
  expect_rest_skipped(findings, {"credential"}, "the credential cannot be sent");
}

TEST_F(Check, IsUnclearWhenAFaultThatPassesKeepsItFromLooking) {
  serve({kMe, "", 503, R"({"error_code":"TEMPORARILY_UNAVAILABLE","message":"later"})"});
  auto findings = check(3);
  EXPECT_EQ(findings["workspace"].result, "pass");
  EXPECT_EQ(findings["credential"].result, "unknown");
  EXPECT_THAT(findings["credential"].message, HasSubstr("answered 503"));
  expect_rest_skipped(findings, {"workspace", "clock", "credential"},
                      "the workspace did not answer who the credential is of");

  serve({"*/workspace-conf", "", 429, "", {{"Retry-After", "90"}}});
  findings = check(3);
  EXPECT_EQ(findings["tokens-enabled"].result, "unknown");
  EXPECT_EQ(findings["lifetime"].message,
            "not looked at, because the workspace's settings could not be read");
  EXPECT_EQ(findings["orphans"].result, "pass");
}

TEST_F(Check, FailsByACredentialOfNoAdmin) {
  serve({kList, "", 403, R"({"error_code":"PERMISSION_DENIED","message":"no"})"});
  auto findings = check(1);
  EXPECT_EQ(findings["admin"].result, "fail");
  EXPECT_THAT(findings["admin"].hint, HasSubstr("workspace admin"));
  expect_rest_skipped(findings, {"workspace", "clock", "credential", "admin"},
                      "the credential may not manage tokens");
}

TEST_F(Check, LooksAtTheRestWhenTheTokensCannotBeListed) {
  serve({kList, "", 200, R"({"token_infos":7})"});
  auto findings = check(1);
  EXPECT_EQ(findings["admin"].result, "fail");
  EXPECT_EQ(findings["principal"].result, "pass");
  serve({kList, "", 503, ""});
  findings = check(3);
  EXPECT_EQ(findings["admin"].result, "unknown");
  EXPECT_EQ(findings["principal"].result, "pass");
  EXPECT_EQ(findings["lifetime"].result, "pass");
  for (const char* listed : {"token-count", "orphans"})
    EXPECT_EQ(findings[listed].message, "not looked at, because the tokens could not be listed");
}

// ---- What may be wrong ----

TEST_F(Check, FailsByAPrincipalThatIsUnknownOrSwitchedOff) {
  for (const std::string& application_id : {std::string("00000000-0000-4000-8000-00000000dead"),
                                            workspace.principal("inactive").application_id}) {
    use_principal(application_id);
    auto findings = check(1);
    EXPECT_EQ(findings["principal"].result, "fail") << application_id;
    EXPECT_EQ(findings["lifetime"].result, "pass") << application_id;
    EXPECT_EQ(findings["token-permission"].message,
              "not looked at, because the service principal was not found active");
  }
}

TEST_F(Check, FailsByTheWorkspacesSettings) {
  serve({"*/workspace-conf", "", 200,
         R"({"maxTokenLifetimeDays":"1","enableTokensConfig":"false"})"});
  auto manifest = connection();
  manifest->getObject("config")->set("lifetime_seconds", 86401);
  write_connection(manifest);
  auto findings = check(1);
  EXPECT_EQ(findings["tokens-enabled"].result, "fail");
  EXPECT_EQ(findings["lifetime"].result, "fail");
  EXPECT_EQ(findings["lifetime"].message, "lifetime_seconds is 86401, the workspace allows 86400");

  // Then the admin's own token is not accepted either.
  workspace.clear_faults();
  workspace.admin("PATCH", "/api/2.0/workspace-conf", R"({"enableTokensConfig": "false"})");
  EXPECT_THAT(check(1)["credential"].hint, HasSubstr("enableTokensConfig"));
}

TEST_F(Check, WarnsBeforeTheLastTokenAndFailsAfterIt) {
  const std::string owner = std::to_string(workspace.principal("data-pipeline").id);
  const auto tokens = [&](int mine) {
    std::string list = R"({"token_id":"x","owner_id":7,"expiry_time":-1},)"
                       R"({"token_id":"y","owner_id":)" +
                       owner + R"(,"expiry_time":1000})";
    for (int i = 0; i < mine; ++i)
      list += R"(,{"token_id":")" + std::to_string(i) + R"(","owner_id":)" + owner +
              R"(,"expiry_time":-1})";
    return R"({"token_infos":[)" + list + "]}";
  };
  for (const auto& [mine, result, warned, code] :
       {std::tuple(539, "pass", false, 0), std::tuple(540, "pass", true, 0),
        std::tuple(599, "pass", true, 0), std::tuple(600, "fail", true, 1)}) {
    serve({kList, "", 200, tokens(mine)});
    auto finding = check(code)["token-count"];
    EXPECT_EQ(finding.result, result) << mine;
    EXPECT_EQ(!finding.hint.empty(), warned) << mine;
    EXPECT_THAT(finding.message, HasSubstr(std::to_string(mine) + " of 600"));
  }
}

TEST_F(Check, WarnsOfATokenWhoseValueWasLost) {
  workspace.fail(R"({"path": "*/on-behalf-of/tokens", "close": "after"})");
  workspace.fail(R"({"path": "/api/2.0/token-management/tokens", "times": 1000, "status": 503})");
  ASSERT_EQ(host({"create-token", "local"}).code, 4);
  workspace.clear_faults();
  auto finding = check(0)["orphans"];
  EXPECT_EQ(finding.result, "pass");
  EXPECT_THAT(finding.message, HasSubstr("their value lost: 1"));
  EXPECT_THAT(finding.hint, HasSubstr("sweep"));
  create_token();
  EXPECT_THAT(check(0)["orphans"].hint, IsEmpty());
}

TEST_F(Check, FailsByATokenThatTheStoreHasForgottenAndSomebodyUses) {
  create_token();
  auto list = workspace.admin("GET", kList).json();
  auto tokens = list->getArray("token_infos");
  auto ours = tokens->getObject(static_cast<unsigned>(tokens->size()) - 1);
  ours->set("token_id", "forgotten");
  ours->set("last_used_day", 1710374400000);
  std::ostringstream text;
  list->stringify(text);
  serve({kList, "", 200, text.str()});
  auto finding = check(1)["orphans"];
  EXPECT_EQ(finding.result, "fail");
  EXPECT_THAT(finding.message, HasSubstr("the store is older than the workspace"));
}

TEST_F(Check, FailsByACurrentTokenThatIsGone) {
  create_token();
  const auto tokens = workspace.live_tokens(workspace.principal("data-pipeline").application_id);
  workspace.admin("DELETE", std::string(kList) + "/" + tokens.at(0));
  auto finding = check(1)["current-token"];
  EXPECT_EQ(finding.result, "fail");
  EXPECT_THAT(finding.hint, HasSubstr("rotate-token"));
}

TEST_F(Check, FailsByAClockThatIsWrong) {
  workspace.fail(std::string(R"({"path": ")") + kMe +
                 R"(", "headers": {"Date": "Sun, 06 Nov 1994 08:49:37 GMT"}})");
  auto finding = check(1)["clock"];
  EXPECT_EQ(finding.result, "fail");
  EXPECT_THAT(finding.hint, HasSubstr("NTP"));
}

}  // namespace
}  // namespace integration
