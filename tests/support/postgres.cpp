#include "support/postgres.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace test_support {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{30};

struct Finish {
  void operator()(PGconn* connection) const { ::PQfinish(connection); }
  void operator()(PGresult* result) const { ::PQclear(result); }
};

/// The server refuses to run as root.
const passwd* other_user() { return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr; }

pid_t spawn(const std::vector<std::string>& arguments, const fs::path& log) {
  std::vector<char*> pointers;
  for (const std::string& each : arguments) pointers.push_back(const_cast<char*>(each.c_str()));
  pointers.push_back(nullptr);
  const passwd* const user = other_user();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                          ::setuid(user->pw_uid) != 0)) {
    ::_exit(126);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid(), which clears it
  if (::getppid() != parent) ::_exit(126);
  ::execv(pointers[0], pointers.data());
  ::_exit(127);
}

}  // namespace

PostgresServer::PostgresServer(const std::string& password) {
  std::string name = (fs::temp_directory_path() / "postgres-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  directory_ = name;
  if (const passwd* user = other_user())
    if (::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown");

  const pid_t made = spawn({POSTGRES_DIRECTORY "/initdb", "--pgdata=" + name + "/data", "--no-sync",
                            "--auth=trust", "--encoding=UTF8", "--locale=C", "--username=hub"},
                           directory_ / "log");
  int status = 0;
  ::waitpid(made, &status, 0);
  if (status != 0) throw std::runtime_error("initdb failed: see " + name + "/log");
  std::ofstream(directory_ / "data/pg_hba.conf") << "local all guarded scram-sha-256\n"
                                                    "local all all trust\n";
  start();
  run("postgres", "CREATE ROLE guarded LOGIN PASSWORD '" + password + "'");
}

PostgresServer::~PostgresServer() {
  kill();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string PostgresServer::address(const std::string& database, const std::string& role) const {
  return "host=" + directory_.string() + " dbname=" + database + " user=" + role;
}

std::string PostgresServer::make_database() {
  const std::string name = "store_" + std::to_string(++databases_);
  run("postgres", "CREATE DATABASE " + name);
  return name;
}

std::string PostgresServer::run(const std::string& database, const std::string& sql) const {
  const std::unique_ptr<PGconn, Finish> connection(::PQconnectdb(address(database).c_str()));
  const std::unique_ptr<PGresult, Finish> answer(::PQexec(connection.get(), sql.c_str()));
  const auto status = ::PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(::PQerrorMessage(connection.get()));
  return ::PQntuples(answer.get()) > 0 ? ::PQgetvalue(answer.get(), 0, 0) : "";
}

void PostgresServer::await_waiting(const std::string& database, int connections,
                                   const std::string& type) const {
  const std::string count = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = '" +
                            type + "' AND datname = '" + database + "'";
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (run("postgres", count) != std::to_string(connections)) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("nobody waits: " + type);
  }
}

void PostgresServer::signal(const std::string& database, int number) const {
  const std::string pids = run("postgres",
                               "SELECT string_agg(CAST(pid AS TEXT), ' ')"
                               " FROM pg_stat_activity WHERE datname = '" +
                                   database + "'");
  std::istringstream each(pids);
  for (pid_t pid = 0; each >> pid;) ::kill(pid, number);
}

void PostgresServer::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGQUIT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PostgresServer::start() {
  pid_ = spawn({POSTGRES_DIRECTORY "/postgres", "-D", directory_ / "data", "-k", directory_, "-c",
                "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
                "shared_buffers=16MB", "-c", "max_connections=40"},
               directory_ / "log");
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (::PQping(address("postgres").c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("the server does not start: see " + directory_.string() + "/log");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace test_support
