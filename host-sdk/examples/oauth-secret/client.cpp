#include "client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "errors.hpp"

namespace oauth_secret {
namespace {

using hub::Effect;
using hub::Error;
using hub::Result;
using hub::Retry;
using hub::Status;
using std::chrono::milliseconds;

constexpr std::size_t kLargestBody = std::size_t{1024} * 1024;
// What a call without a deadline has for a request, as its lease has.
constexpr milliseconds kLongestRequest{60'000};
constexpr curl_off_t kLongestRetryAfter = 600;  // seconds

template <auto function>
struct Free {
  template <class T>
  void operator()(T* what) const {
    function(what);
  }
};

/// One request on its way.
class Transfer {
 public:
  Transfer(const Client::Settings& settings, const Request& request) : request_(request) {
    what_ = request.method + " " + settings.host + request.path.substr(0, request.path.find('?'));
    set(CURLOPT_URL, (settings.host + request.path).c_str());
    set_security(settings);
    set_credential();
    set_content();
    set(CURLOPT_USERAGENT, settings.user_agent.c_str());
    set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(kLongestRequest.count()));
    // A look-up that does not end must not hold up the call that gave up on it. Its thread may
    // outlive stop(), the one that HUB-T-03 excepts: nothing ends getaddrinfo().
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_ERRORBUFFER, error_);
    set(CURLOPT_WRITEFUNCTION, &Transfer::take);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_PREREQFUNCTION, &Transfer::about_to_send);
    set(CURLOPT_PREREQDATA, this);
    curl_multi_add_handle(multi_.get(), easy_.get());
  }
  ~Transfer() { curl_multi_remove_handle(multi_.get(), easy_.get()); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Result<Response> run(hub::Call call) {
    if (unset_ != CURLE_OK)
      return failed(Status::kInternal, "INTERNAL", curl_easy_strerror(unset_));
    const hub::OnCancel wake(call, [this] { curl_multi_wakeup(multi_.get()); });
    for (int running = 1; running > 0;) {
      const auto left = std::chrono::ceil<milliseconds>(call.remaining());
      if (call.cancelled()) return failed(Status::kCancelled, "CANCELLED", "it was cancelled");
      if (left <= milliseconds(0))
        return failed(Status::kDeadlineExceeded, "DEADLINE_EXCEEDED", "no answer came in time");
      if (const CURLMcode code = curl_multi_perform(multi_.get(), &running); code != CURLM_OK)
        return failed(Status::kInternal, "INTERNAL", curl_multi_strerror(code));
      const auto wait = static_cast<int>(std::min(left, kLongestRequest).count());
      if (running > 0) curl_multi_poll(multi_.get(), nullptr, 0, wait, nullptr);
    }
    int more = 0;
    const CURLMsg* done = curl_multi_info_read(multi_.get(), &more);
    if (done == nullptr) return failed(Status::kInternal, "INTERNAL", "curl lost the request");
    if (done->data.result != CURLE_OK) return broken(done->data.result);
    return answered();
  }

 private:
  /// The first option that this curl does not take fails the request: it may be one for security.
  template <class Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
    if (unset_ == CURLE_OK) unset_ = code;
  }

  void set_security(const Client::Settings& settings) {
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!settings.ca_file.empty()) {
      set(CURLOPT_CAINFO, settings.ca_file.c_str());
      set(CURLOPT_CAPATH, nullptr);  // that authority, and none of the system's
    }
    // Set even where it is empty, for otherwise curl would ask the environment.
    set(CURLOPT_PROXY, settings.proxy.c_str());
    set(CURLOPT_NOPROXY, "");
  }

  void set_credential() {
    if (request_.bearer != nullptr) {
      set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
      set(CURLOPT_XOAUTH2_BEARER, terminated(request_.bearer->reveal()).data());
    } else if (request_.client_secret != nullptr) {
      set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      set(CURLOPT_USERNAME, request_.client_id.c_str());
      set(CURLOPT_PASSWORD, terminated(request_.client_secret->reveal()).data());
    }
  }

  void set_content() {
    add_header("Accept: application/json");
    if (request_.method == "POST") {
      add_header("Content-Type: " + request_.content_type);
      set(CURLOPT_POSTFIELDS, request_.body.data());
      set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.body.size()));
    } else {
      set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
  }

  void add_header(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) unset_ = CURLE_OUT_OF_MEMORY;
    if (headers_ == nullptr) headers_.reset(longer);
  }

  static std::size_t take(char* data, std::size_t, std::size_t size, void* self) noexcept {
    try {
      Bytes& body = static_cast<Transfer*>(self)->response_.body;
      if (body.size() + size > kLargestBody) return CURL_WRITEFUNC_ERROR;
      body.insert(body.end(), data, data + size);
      return size;
    } catch (...) {
      return CURL_WRITEFUNC_ERROR;
    }
  }

  static int about_to_send(void* self, char*, char*, int, int) noexcept {
    static_cast<Transfer*>(self)->sent_ = true;
    return CURL_PREREQFUNC_OK;
  }

  Error failed(Status status, std::string_view reason, const std::string& why) const {
    Error error = failure(status, reason, what_ + ": " + why);
    if (sent_ && request_.may_change) error.effect = Effect::kUnknown;
    return error;
  }

  Error broken(CURLcode code) const {
    const std::string why = *error_ != '\0' ? error_ : curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
      return failed(Status::kFailedPrecondition, "TLS_UNTRUSTED", why);
    if (code == CURLE_WRITE_ERROR)
      return failed(Status::kFailedPrecondition, "ANSWER_UNREADABLE", "the answer is too large");
    Error error = failed(Status::kUnavailable, "UNREACHABLE", why);
    error.retry = Retry::kSameCall;
    return error;
  }

  Response answered() {
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &retry_after);
    curl_header* date = nullptr;
    if (curl_easy_header(easy_.get(), "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
      if (const std::time_t time = curl_getdate(date->value, nullptr); time > 0)
        response_.date = std::int64_t{time} * 1000;
    }
    response_.status = static_cast<int>(status);
    response_.retry_after_ms = std::clamp<curl_off_t>(retry_after, 0, kLongestRetryAfter) * 1000;
    response_.body.push_back('\0');
    return std::move(response_);
  }

  const Request& request_;
  std::string what_;
  char error_[CURL_ERROR_SIZE] = "";
  CURLcode unset_ = CURLE_OK;
  bool sent_ = false;
  Response response_;
  std::unique_ptr<curl_slist, Free<curl_slist_free_all>> headers_;
  std::unique_ptr<CURLM, Free<curl_multi_cleanup>> multi_{curl_multi_init()};
  std::unique_ptr<CURL, Free<curl_easy_cleanup>> easy_{curl_easy_init()};
};

/// Nothing that could end a header or what curl takes for the credential.
bool is_usable(const hub::Secret* credential) {
  return credential == nullptr ||
         (!credential->empty() &&
          std::ranges::all_of(credential->reveal(), [](char c) { return c > ' ' && c <= '~'; }));
}

}  // namespace

Bytes terminated(std::string_view text) {
  Bytes bytes;
  bytes.reserve(text.size() + 1);
  bytes.assign(text.begin(), text.end());
  bytes.push_back('\0');
  return bytes;
}

Result<Response> Client::send(hub::Call call, const Request& request) const {
  if (!is_usable(request.bearer) || !is_usable(request.client_secret)) {
    return failure(Status::kFailedPrecondition, "CREDENTIAL_UNUSABLE",
                   "the credential is empty or has bytes that no token has");
  }
  return Transfer(settings_, request).run(call);
}

}  // namespace oauth_secret
