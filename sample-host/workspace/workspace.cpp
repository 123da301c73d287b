#include "workspace/workspace.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/URI.h>
#include <Poco/UUIDGenerator.h>

#include <ctime>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "workspace/authorization.hpp"
#include "workspace/certificate_authority.hpp"
#include "workspace/oauth_secrets.hpp"
#include "workspace/routes.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::int64_t kYearMs = std::int64_t{365} * 24 * 60 * 60 * 1000;
constexpr std::time_t kDay = 24 * 60 * 60;

std::string uuid() { return Poco::UUIDGenerator::defaultGenerator().createRandom().toString(); }

/// The people and programs of a new workspace. One id does not fit into a double, as real ones
/// need not.
std::vector<Principal> first_principals() {
  return {{202480738464078, "admin@example.com", "Workspace admin", false, true, true},
          {202480738464079, uuid(), "oauth-admin", true, true, true},
          {5750939285643220, uuid(), "data-pipeline", true, true, false},
          {9007199254740993, uuid(), "reporting", true, true, false},
          {5750939285643222, uuid(), "no-token-permission", true, true, false},
          {5750939285643223, uuid(), "inactive", true, false, false},
          {5750939285643224, uuid(), "azure-operator", true, true, true, false}};
}

void save(const std::filesystem::path& file, const Object& json) {
  std::ostringstream text;
  json.stringify(text, 2);
  write_file(file, text.str() + "\n");
}

/// Fills the directory for the first time. workspace.json comes last, so that a directory has it
/// if, and only if, it has the rest.
Object::Ptr create(const std::filesystem::path& directory) {
  const CertificateAuthority authority("Local workspace certificate authority");
  write_file(directory / "ca-key.pem", authority.certificate().key_pem);
  write_file(directory / "ca.pem", authority.certificate().certificate_pem);

  const std::string admin_token = "dapi" + random_hex(16);
  Data data;
  data.workspace_id = 900800700600;
  data.principals = first_principals();
  const std::string admin_secret = create_oauth_secret(data, data.principals[1], kYearMs).value;
  const std::string pipeline_secret = create_oauth_secret(data, data.principals[2], kYearMs).value;
  const std::string azure_secret = create_oauth_secret(data, data.principals.back(), kYearMs).value;
  data.settings = {{"enableTokensConfig", "true"}, {"maxTokenLifetimeDays", "0"}};
  const Principal& admin = data.principals[0];
  data.tokens.push_back({sha256_hex(admin_token),
                         admin.id,
                         admin.id,
                         "admin",
                         {},
                         now_ms(),
                         now_ms() + kYearMs,
                         0,
                         0});
  Array::Ptr principals = new Array;
  for (const Principal& principal : data.principals) {
    if (principal.admin) continue;
    if (principal.display_name != "no-token-permission") {
      data.grants.emplace("service_principal_name", principal.name);
    }
    Object::Ptr json = new Object;
    json->set("application_id", principal.name);
    json->set("id", principal.id);
    json->set("display_name", principal.display_name);
    if (principal.display_name == "data-pipeline") json->set("oauth_secret", pipeline_secret);
    principals->add(json);
  }

  Object::Ptr description = new Object;
  description->set("ca_file", (directory / "ca.pem").string());
  description->set("admin_token", admin_token);
  description->set("oauth_client_id", data.principals[1].name);
  description->set("oauth_client_secret", admin_secret);
  description->set("tenant_id", kTenantId);
  description->set("azure_client_id", data.principals.back().name);
  description->set("azure_client_secret", azure_secret);
  description->set("azure_resource_id", kAzureResourceId);
  description->set("principals", principals);
  State(directory / "state.jsonl", std::move(data));
  return description;
}

Object::Ptr reopen(const std::filesystem::path& file) {
  try {
    return Poco::JSON::Parser().parse(read_file(file)).extract<Object::Ptr>();
  } catch (const Poco::Exception& error) {
    throw std::runtime_error(file.string() + " is not a workspace's description (" +
                             error.displayText() + "): remove the directory to start anew");
  }
}

std::filesystem::path prepare(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  return std::filesystem::canonical(directory);
}

}  // namespace

Workspace::Workspace(const std::filesystem::path& directory, std::optional<std::uint16_t> port,
                     Around around)
    : directory_(prepare(directory)), lock_(directory_) {
  const bool fresh = !std::filesystem::exists(description());
  Object::Ptr json = fresh ? create(directory_) : reopen(description());
  if (!fresh && !port) port = Poco::URI(json->getValue<std::string>("url")).getPort();

  const std::time_t now = std::time(nullptr);
  const CertificateAuthority authority(
      Certificate{read_file(directory_ / "ca.pem"), read_file(directory_ / "ca-key.pem")});
  server_ = std::make_unique<Server>(
      port.value_or(0),
      authority.issue({"localhost", "127.0.0.1", "::1"}, now - kDay, now + 365 * kDay));
  url_ = "https://127.0.0.1:" + std::to_string(server_->port());

  state_ = std::make_unique<State>(directory_ / "state.jsonl");
  router_ = std::make_unique<Router>(*state_);
  add_token_management_routes(*router_, *state_);
  add_own_token_routes(*router_, *state_);
  add_permission_routes(*router_, *state_);
  add_scim_routes(*router_, *state_);
  add_settings_routes(*router_, *state_);
  add_oauth_routes(*router_, *state_, url_);
  add_oauth_secret_routes(*router_, *state_);
  add_entra_routes(*router_, *state_);
  add_control_routes(*router_, *state_, faults_, log_);
  server_->start(*router_, faults_, log_, std::move(around));

  json->set("url", url_);
  save(description(), *json);
}

Workspace::~Workspace() = default;

}  // namespace local_workspace
