// The life of an OAuth secret: made, replaced, revoked, lost and found.
#include <gmock/gmock.h>

#include "integration/oauth_secret_fixture.hpp"

namespace integration {
namespace {

// ---- A secret's life ----

TEST_F(OauthSecretTest, MakesASecretThatSignsInAndKeepsItInTheSlot) {
  const auto made = done("create-secret");
  EXPECT_THAT(live(), ElementsAre(id(made)));
  EXPECT_TRUE(is_accepted(current()));
  EXPECT_THAT(requests(),
              ElementsAre(std::string("GET ") + kSecrets, std::string("POST ") + kSecrets,
                          std::string("POST ") + kSignIn));
  EXPECT_EQ(error("create-secret").status, hub::Status::kAlreadyExists);
  EXPECT_THAT(live(), ElementsAre(id(made)));
}

TEST_F(OauthSecretTest, LeavesASecretAloneUntilItIsDue) {
  const std::string first = id(done("create-secret"));
  advance(hours(24 * 14));
  EXPECT_EQ(id(done("rotate-secret")), first);
  advance(hours(24 * 7));
  const std::string second = id(done("rotate-secret"));
  EXPECT_NE(second, first);
  EXPECT_THAT(live(), ElementsAre(first, second));
}

TEST_F(OauthSecretTest, AReplacedSecretLivesForItsGraceAndNoLonger) {
  const std::string first = id(done("create-secret"));
  const std::string old_value = current();
  const std::string second = id(done("rotate-secret", R"({"when": "now"})"));
  EXPECT_THAT(live(), ElementsAre(first, second));
  EXPECT_TRUE(is_accepted(old_value));
  advance(hours(1) - seconds(60));
  done("rotate-secret");
  EXPECT_TRUE(is_accepted(old_value));
  advance(seconds(120));
  done("rotate-secret");
  EXPECT_THAT(live(), ElementsAre(second));
  EXPECT_FALSE(is_accepted(old_value));
  EXPECT_TRUE(is_accepted(current()));
}

TEST_F(OauthSecretTest, ReplacesTheOneThatWasNamedAndNotItsSuccessor) {
  const std::string first = id(done("create-secret"));
  const std::string request = R"({"when": "now", "replace": ")" + first + "\"}";
  const std::string second = id(done("rotate-secret", request));
  EXPECT_EQ(id(done("rotate-secret", request)), second);
  EXPECT_EQ(live().size(), 2U);
}

TEST_F(OauthSecretTest, RevokesReplacedSecretsAtOnceAndAllForGood) {
  done("create-secret");
  const std::string old_value = current();
  const std::string second = id(done("rotate-secret", R"({"when": "now"})"));
  done("revoke-secret");
  EXPECT_FALSE(is_accepted(old_value));
  EXPECT_THAT(live(), ElementsAre(second));
  done("revoke-secret", R"({"all": true})");
  EXPECT_THAT(live(), IsEmpty());
  EXPECT_EQ(error("rotate-secret").reason, "SLOT_REVOKED");
  done("create-secret");
  EXPECT_EQ(live().size(), 1U);
}

TEST_F(OauthSecretTest, RevokesWhatIsGoneAlready) {
  const std::string first = id(done("create-secret"));
  const std::string second = id(done("rotate-secret", R"({"when": "now"})"));
  meddle("DELETE", kSecrets, [](const Request& request, const Serve& serve) {
    serve(request);
    return serve(request);
  });
  done("revoke-secret");
  EXPECT_THAT(live(), ElementsAre(second));
}

TEST_F(OauthSecretTest, TakesADeletionThatSaysNothingForDone) {
  const std::string first = id(done("create-secret"));
  for (const int status : {200, 204}) {
    done("rotate-secret", R"({"when": "now"})");
    meddle("DELETE", kSecrets, [=](const Request& request, const Serve& serve) {
      serve(request);
      Answer answer;
      answer.status = status;
      answer.body.clear();
      return answer;
    });
    done("revoke-secret");
    EXPECT_EQ(live().size(), 1U) << status;
  }
}

TEST_F(OauthSecretTest, DoesNotTakeAMissingPrincipalForARevokedSecret) {
  done("create-secret");
  done("rotate-secret", R"({"when": "now"})");
  const std::string missing =
      R"({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no principal"})";
  answer("DELETE", kSecrets, 404, missing);
  answer("GET", kSecrets, 404, missing);
  EXPECT_EQ(error("revoke-secret").reason, "NOT_FOUND");
  EXPECT_EQ(live().size(), 2U);
}

TEST_F(OauthSecretTest, ListsThePrincipalsSecretsWithTheirRoles) {
  const std::string foreign = make_by_hand();
  const std::string first = id(done("create-secret"));
  const std::string second = id(done("rotate-secret", R"({"when": "now"})"));
  const auto listed = done("list-secrets")->getArray("secrets");
  std::map<std::string, std::string> roles;
  for (const auto& item : *listed) {
    const auto& secret = *item.extract<Object::Ptr>();
    EXPECT_GT(secret.getValue<std::int64_t>("expiry_time"),
              secret.getValue<std::int64_t>("creation_time"));
    roles[secret.getValue<std::string>("secret_id")] = secret.optValue<std::string>("role", "none");
  }
  EXPECT_EQ(roles, (std::map<std::string, std::string>{
                       {foreign, "none"}, {first, "previous"}, {second, "current"}}));
}

TEST_F(OauthSecretTest, ReadsTheListToItsLastPage) {
  const std::string first = id(done("create-secret"));
  answer("GET", kSecrets, 200, R"({"next_page_token": "a b&c"})");
  EXPECT_EQ(done("list-secrets")->getArray("secrets")->size(), 1U);
  answer("GET", kSecrets, 200, R"({"next_page_token": "again"})", 1000);
  EXPECT_EQ(error("list-secrets").reason, "ANSWER_UNREADABLE");
}

// ---- The quota ----

TEST_F(OauthSecretTest, MakesNoneWhereFiveLiveAlready) {
  for (int i = 0; i < 5; ++i) make_by_hand();
  EXPECT_EQ(error("create-secret").reason, "CAPACITY_REACHED");
  EXPECT_EQ(live().size(), 5U);
}

TEST_F(OauthSecretTest, SaysSoWhenTheWorkspaceFindsThePrincipalFull) {
  answer("POST", kSecrets, 400, R"({"error_code": "QUOTA_EXCEEDED", "message": "five"})");
  const hub::Error full = error("create-secret");
  EXPECT_EQ(full.reason, "QUOTA_REACHED");
  EXPECT_EQ(full.status, hub::Status::kResourceExhausted);
  EXPECT_EQ(full.effect, hub::Effect::kNone);
}

// ---- Answers that are lost or late ----

TEST_F(OauthSecretTest, FindsALostSecretAmongOthersAndRevokesIt) {
  const std::string foreign = make_by_hand();
  lose_answer_of_post();
  const auto made = done("create-secret");
  EXPECT_THAT(live(), ElementsAre(foreign, id(made)));
  EXPECT_TRUE(is_accepted(current()));
}

TEST_F(OauthSecretTest, FindsALostSecretInTheNextCallIfThisOneCannotLook) {
  const std::string first = id(done("create-secret"));
  lose_answer_of_post();
  lose_list_after(1);
  const hub::Error lost = error("rotate-secret", R"({"when": "now"})");
  EXPECT_EQ(lost.reason, "UNKNOWN_MINT");
  EXPECT_EQ(lost.effect, hub::Effect::kUnknown);
  EXPECT_EQ(live().size(), 2U);
  const std::string foreign = make_by_hand();
  const std::string second = id(done("rotate-secret", R"({"when": "now"})"));
  EXPECT_THAT(live(), ElementsAre(first, foreign, second));
}

TEST_F(OauthSecretTest, FindsASecretThatWasMadeLate) {
  std::function<void()> arrive;
  meddle("POST", kSecrets, [&](const Request& request, const Serve& serve) {
    arrive = [=] { serve(request); };
    return std::optional<Answer>();
  });
  const auto made = done("create-secret");
  arrive();
  EXPECT_EQ(live().size(), 2U);
  advance(std::chrono::minutes(11));
  EXPECT_EQ(id(done("rotate-secret")), id(made));
  EXPECT_THAT(live(), ElementsAre(id(made)));
}

TEST_F(OauthSecretTest, NamesTwoThatCouldBeTheLostOneAndDeletesNeither) {
  meddle("POST", kSecrets, [](const Request& request, const Serve& serve) {
    serve(request);
    serve(request);
    return std::optional<Answer>();
  });
  const auto made = done("create-secret");
  EXPECT_EQ(live().size(), 3U);
  EXPECT_THAT(reasons(made), testing::Contains("CANNOT_TELL_APART").Times(2));
}

TEST_F(OauthSecretTest, SweepsASecretThatArrivesAfterAllWereRevoked) {
  std::function<void()> arrive;
  done("create-secret");
  meddle("POST", kSecrets, [&](const Request& request, const Serve& serve) {
    arrive = [=] { serve(request); };
    return std::optional<Answer>();
  });
  lose_list_after(1);
  EXPECT_EQ(error("rotate-secret", R"({"when": "now"})").reason, "UNKNOWN_MINT");
  done("revoke-secret", R"({"all": true})");
  EXPECT_THAT(live(), IsEmpty());
  arrive();
  EXPECT_EQ(live().size(), 1U);
  const hub::Error refused = error("rotate-secret");
  EXPECT_EQ(refused.reason, "SLOT_REVOKED");
  EXPECT_THAT(refused.hint, HasSubstr("sweep"));
  EXPECT_EQ(done("sweep")->getValue<std::string>("state"), "revoked");
  EXPECT_THAT(live(), IsEmpty());
}

// ---- A new secret answers for itself ----

TEST_F(OauthSecretTest, WaitsForANewSecretToBeAccepted) {
  answer("POST", kSignIn, 401,
         R"({"error": "invalid_client", "error_description": "Client authentication failed"})", 2);
  const auto made = done("create-secret");
  EXPECT_THAT(live(), ElementsAre(id(made)));
}

TEST_F(OauthSecretTest, RevokesANewSecretThatIsRefusedForGoodAndKeepsTheCurrentOne) {
  const std::string first = id(done("create-secret"));
  const std::string value = current();
  meddle("POST", kSecrets, [](const Request& request, const Serve& serve) {
    Answer answer = serve(request);
    Object::Ptr json = parse(answer.body);
    json->set("create_time", "2026-12-31T23:00:00Z");  // no longer fresh
    return Answer(*json);
  });
  answer("POST", kSignIn, 401, R"({"error": "invalid_client"})");
  EXPECT_EQ(error("rotate-secret", R"({"when": "now"})").reason, "VERIFICATION_FAILED");
  EXPECT_THAT(live(), ElementsAre(first));
  EXPECT_EQ(current(), value);
}

TEST_F(OauthSecretTest, LeavesANewSecretPendingWhileItsSignInSaysNothingOfIt) {
  const std::vector<std::pair<int, std::string>> answers = {
      {503, "{}"},
      {400, R"({"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow"})"},
      {400, R"({"error": "invalid_request"})"},
      {403, R"({"error_code": "PERMISSION_DENIED", "message": "your address is not allowed"})"},
      {200, "{}"}};
  for (const auto& [status, body] : answers) {
    answer("POST", kSignIn, status, body);
    EXPECT_THAT(error("create-secret").reason,
                testing::AnyOf("SERVER_FAILED", "THROTTLED", "REQUEST_REFUSED",
                               "CREDENTIAL_REFUSED", "ANSWER_UNREADABLE"));
    EXPECT_EQ(live().size(), 1U);
  }
  done("create-secret");
  EXPECT_EQ(live().size(), 1U);
}

}  // namespace
}  // namespace integration
