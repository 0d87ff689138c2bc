// Bearer and basic authentication.
#include "connectrpc/auth.h"

#include <stdexcept>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/character_set.h"
#include "connectrpc/error.h"
#include "interceptors/open_methods.h"

namespace connectrpc {

namespace {

using interceptors::OpenMethods;

// RFC 7235 section 2.1: letters, digits, "-._~+/", then '='.
bool is_token68(std::string_view text) noexcept {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  constexpr base::CharacterSet characters = base::letters_and_digits.with("-._~+/");
  return !text.empty() && characters.has_all(text);
}

// What follows the scheme, if there is exactly one field and it is of this scheme.
std::optional<std::string_view> credentials(const Headers& headers, std::string_view lower_scheme) {
  std::optional<std::string_view> found;
  for (const auto& [name, value] : headers) {
    if (name != "authorization") continue;
    if (found) return std::nullopt;
    found = value;
  }
  if (!found || !base::starts_with_lower(*found, lower_scheme)) return std::nullopt;
  const std::string_view rest = found->substr(lower_scheme.size());
  if (rest.empty() || rest.front() != ' ') return std::nullopt;
  return base::trim(rest);
}

void check_realm(const std::string& realm) {
  for (const char c : realm) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
      throw std::invalid_argument("AuthOptions::realm consists of printable ASCII without '\"' and '\\', not \"" +
                                  realm + "\"");
    }
  }
}

// The steps that both schemes share.
class Auth : public Interceptor {
 public:
  explicit Auth(AuthOptions options) : open_("AuthOptions::open", std::move(options.open)) {
    check_realm(options.realm);
    realm_ = std::move(options.realm);
  }

 protected:
  const std::string& realm() const noexcept { return realm_; }

 private:
  enum class Found { nothing, refused, accepted };

  virtual Task<bool> accepts(std::string_view credentials, Context& context) = 0;
  virtual std::string_view lower_scheme() const noexcept = 0;
  virtual Error refusal(bool sent) const = 0;

  Task<> intercept(Context& context, const Next& next) override {
    if (!open_.contains(context.method())) {
      // A copy: the check may change the headers.
      const auto sent = credentials(context.request_headers(), lower_scheme());
      if (!sent) throw refusal(false);
      const std::string kept(*sent);
      const bool accepted = co_await accepts(kept, context);
      if (!accepted) throw refusal(true);
    }
    co_await next();
  }

  OpenMethods open_;
  std::string realm_;
};

class BearerAuth final : public Auth {
 public:
  BearerAuth(BearerCheck check, AuthOptions options) : Auth(std::move(options)), check_(std::move(check)) {
    if (!check_) throw std::invalid_argument("bearer_auth: the check is empty");
  }

 private:
  std::string_view lower_scheme() const noexcept override { return "bearer"; }
  Task<bool> accepts(std::string_view token, Context& context) override {
    if (!is_token68(token)) co_return false;
    const bool accepted = co_await check_(token, context);
    co_return accepted;
  }
  Error refusal(bool sent) const override {
    std::string challenge = "Bearer";
    if (!realm().empty()) challenge += " realm=\"" + realm() + "\"";
    if (sent) challenge += std::string(realm().empty() ? " " : ", ") + "error=\"invalid_token\"";
    return Error(Code::unauthenticated, sent ? "the bearer token is not accepted" : "a bearer token is needed")
        .with_metadata("www-authenticate", challenge);
  }

  const BearerCheck check_;
};

class BasicAuth final : public Auth {
 public:
  BasicAuth(BasicCheck check, AuthOptions options) : Auth(std::move(options)), check_(std::move(check)) {
    if (!check_) throw std::invalid_argument("basic_auth: the check is empty");
  }

 private:
  std::string_view lower_scheme() const noexcept override { return "basic"; }
  Task<bool> accepts(std::string_view credentials, Context& context) override {
    std::string pair;
    if (!base::base64_decode(credentials, pair)) co_return false;
    const std::size_t colon = pair.find(':');
    if (colon == std::string::npos) co_return false;
    const std::string_view both(pair);
    const bool accepted = co_await check_(both.substr(0, colon), both.substr(colon + 1), context);
    co_return accepted;
  }
  Error refusal(bool sent) const override {
    return Error(Code::unauthenticated,
                 sent ? "the user and the password are not accepted" : "a user and a password are needed")
        .with_metadata("www-authenticate", "Basic realm=\"" + realm() + "\", charset=\"UTF-8\"");
  }

  const BasicCheck check_;
};

std::string position(std::size_t index) { return " at position " + std::to_string(index + 1); }

}  // namespace

bool equal_secrets(std::string_view secret, std::string_view sent) noexcept {
  // volatile: the loop must not end before its time.
  volatile unsigned char different = secret.size() == sent.size() ? 0 : 1;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const char ours = secret.empty() ? '\0' : secret[i % secret.size()];
    different = static_cast<unsigned char>(different | static_cast<unsigned char>(ours ^ sent[i]));
  }
  return different == 0;
}

std::shared_ptr<Interceptor> bearer_auth(BearerCheck check, AuthOptions options) {
  return std::make_shared<BearerAuth>(std::move(check), std::move(options));
}

std::shared_ptr<Interceptor> bearer_auth(std::vector<std::string> tokens, AuthOptions options) {
  if (tokens.empty()) throw std::invalid_argument("bearer_auth: there are no tokens");
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    // Not the token itself: errors end in logs.
    if (!is_token68(tokens[i])) {
      throw std::invalid_argument("bearer_auth: the token" + position(i) +
                                  " is empty or has a character that RFC 6750 does not allow");
    }
  }
  return bearer_auth(
      [tokens = std::move(tokens)](std::string_view sent, Context&) -> Task<bool> {
        bool accepted = false;
        for (const std::string& token : tokens) accepted |= equal_secrets(token, sent);
        co_return accepted;
      },
      std::move(options));
}

std::shared_ptr<Interceptor> basic_auth(BasicCheck check, AuthOptions options) {
  return std::make_shared<BasicAuth>(std::move(check), std::move(options));
}

std::shared_ptr<Interceptor> basic_auth(std::vector<Login> logins, AuthOptions options) {
  if (logins.empty()) throw std::invalid_argument("basic_auth: there are no logins");
  for (std::size_t i = 0; i < logins.size(); ++i) {
    if (logins[i].user.empty() || logins[i].user.find(':') != std::string::npos) {
      throw std::invalid_argument("basic_auth: the user" + position(i) + " is empty or has a ':': \"" + logins[i].user +
                                  "\"");
    }
    if (logins[i].password.empty()) {
      throw std::invalid_argument("basic_auth: the password of \"" + logins[i].user + "\" is empty");
    }
  }
  return basic_auth(
      [logins = std::move(logins)](std::string_view user, std::string_view password, Context&) -> Task<bool> {
        bool accepted = false;
        for (const Login& login : logins) {
          const bool same_user = equal_secrets(login.user, user);
          const bool same_password = equal_secrets(login.password, password);
          accepted |= same_user & same_password;
        }
        co_return accepted;
      },
      std::move(options));
}

}  // namespace connectrpc
