// Where the time of a rotation goes, with a store on disk and a workspace that takes its time to
// answer, 20 ms if nothing else is said.
//
//     rotation_benchmark [ROTATIONS [MILLISECONDS]]
//
// Writes the medians of a rotation as one line of JSON: its microseconds in all, for the network,
// for synced writes, in cryptography, in SQLite's statements and in everything else, and how many
// requests and synced writes it has. What libraries call for these is caught here on its way.
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "bench/hub.hpp"
#include "bench/measure.hpp"
#include "bench/server.hpp"
#include "store/database_slot_store.hpp"
#include "store/sqlite_database.hpp"

namespace {

enum Kind { kNetwork, kSync, kCryptography, kSqlite, kKinds };

// The benchmark has one thread.
double spent[kKinds];  // seconds
int requests = 0;
int synced = 0;

double all_spent() { return std::accumulate(spent, spent + kKinds, 0.0); }

template <class Function>
Function* real(const char* name, Function*) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// Calls and counts its time for `kind`, without that of what it calls in turn.
template <class Call>
auto timed(Kind kind, Call call) {
  const double others = all_spent();
  const double begin = bench::seconds(CLOCK_MONOTONIC);
  const auto result = call();
  const double time = bench::seconds(CLOCK_MONOTONIC) - begin;
  spent[kind] += time - (all_spent() - others);
  return result;
}

}  // namespace

extern "C" {

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static auto* const next = real("send", &::send);
  return timed(kNetwork, [&] { return next(fd, bytes, size, flags); });
}
ssize_t recv(int fd, void* bytes, size_t size, int flags) {
  static auto* const next = real("recv", &::recv);
  return timed(kNetwork, [&] { return next(fd, bytes, size, flags); });
}
int poll(pollfd* waited, nfds_t count, int timeout) {
  static auto* const next = real("poll", &::poll);
  return timed(kNetwork, [&] { return next(waited, count, timeout); });
}
int ppoll(pollfd* waited, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  static auto* const next = real("ppoll", &::ppoll);
  return timed(kNetwork, [&] { return next(waited, count, timeout, mask); });
}
int fsync(int fd) {
  static auto* const next = real("fsync", &::fsync);
  ++synced;
  return timed(kSync, [&] { return next(fd); });
}
int fdatasync(int fd) {
  static auto* const next = real("fdatasync", &::fdatasync);
  ++synced;
  return timed(kSync, [&] { return next(fd); });
}
int SSL_write_ex(SSL* ssl, const void* bytes, size_t size, size_t* written) {
  static auto* const next = real("SSL_write_ex", &::SSL_write_ex);
  ++requests;
  return timed(kCryptography, [&] { return next(ssl, bytes, size, written); });
}
int SSL_read_ex(SSL* ssl, void* bytes, size_t size, size_t* count) {
  static auto* const next = real("SSL_read_ex", &::SSL_read_ex);
  return timed(kCryptography, [&] { return next(ssl, bytes, size, count); });
}
int sqlite3_prepare_v2(sqlite3* database, const char* text, int size, sqlite3_stmt** statement,
                       const char** rest) {
  static auto* const next = real("sqlite3_prepare_v2", &::sqlite3_prepare_v2);
  return timed(kSqlite, [&] { return next(database, text, size, statement, rest); });
}
int sqlite3_step(sqlite3_stmt* statement) {
  static auto* const next = real("sqlite3_step", &::sqlite3_step);
  return timed(kSqlite, [&] { return next(statement); });
}
int crypto_aead_xchacha20poly1305_ietf_encrypt(
    unsigned char* sealed, unsigned long long* size, const unsigned char* message,
    unsigned long long message_size, const unsigned char* with, unsigned long long with_size,
    const unsigned char* unused, const unsigned char* nonce, const unsigned char* key) {
  static auto* const next = real("crypto_aead_xchacha20poly1305_ietf_encrypt",
                                 &::crypto_aead_xchacha20poly1305_ietf_encrypt);
  return timed(kCryptography, [&] {
    return next(sealed, size, message, message_size, with, with_size, unused, nonce, key);
  });
}

}  // extern "C"

int main(int count, char** arguments) {
  const int rotations = count > 1 ? std::atoi(arguments[1]) : 30;
  const bench::Server server(
      {.delay = std::chrono::milliseconds(count > 2 ? std::atoi(arguments[2]) : 20)});
  std::string directory = std::filesystem::current_path() / "bench-store-XXXXXX";  // on a disk
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  std::map<std::string, std::vector<double>> seen;
  {
    sample_host::DatabaseSlotStore store(
        std::make_unique<sample_host::SqliteDatabase>(directory + "/store.db"),
        directory + "/store.key");
    bench::Hub hub(store);
    for (int i = 0; i < rotations; ++i) {
      const auto connection = hub.open(server, "slot-" + std::to_string(i));
      bench::invoke(*connection, "create-token", "{}");
      std::fill_n(spent, kKinds, 0);
      requests = synced = 0;
      const double begin = bench::seconds(CLOCK_MONOTONIC);
      bench::invoke(*connection, "rotate-token", R"({"when": "now"})");
      const double time = bench::seconds(CLOCK_MONOTONIC) - begin;
      seen["microseconds"].push_back(1e6 * time);
      seen["network"].push_back(1e6 * spent[kNetwork]);
      seen["sync"].push_back(1e6 * spent[kSync]);
      seen["cryptography"].push_back(1e6 * spent[kCryptography]);
      seen["sqlite"].push_back(1e6 * spent[kSqlite]);
      seen["ours"].push_back(1e6 * (time - all_spent()));
      seen["requests"].push_back(requests);
      seen["synced"].push_back(synced);
    }
  }
  std::filesystem::remove_all(directory);
  const char* separator = "{";
  for (auto& [name, values] : seen) {
    std::nth_element(values.begin(), values.begin() + rotations / 2, values.end());
    std::printf("%s\"%s\": %.1f", separator, name.c_str(),
                values[static_cast<std::size_t>(rotations / 2)]);
    separator = ", ";
  }
  std::printf("}\n");
}
