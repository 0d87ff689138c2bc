// Files of a directory, as a plain route.
#include "connectrpc/http/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "server/open_beneath.h"

namespace connectrpc::http {

namespace {

constexpr std::size_t piece_size = 64 * 1024;

struct FileType {
  std::string_view ending;
  std::string_view type;
};

constexpr FileType file_types[] = {
    {".avif", "image/avif"},
    {".bin", "application/octet-stream"},
    {".css", "text/css; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".gif", "image/gif"},
    {".htm", "text/html; charset=utf-8"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".jpeg", "image/jpeg"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".md", "text/markdown; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".mp4", "video/mp4"},
    {".otf", "font/otf"},
    {".pdf", "application/pdf"},
    {".png", "image/png"},
    {".proto", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".ttf", "font/ttf"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".webm", "video/webm"},
    {".webp", "image/webp"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".xml", "application/xml"},
    {".zip", "application/zip"},
};

std::string_view type_of(std::string_view path) {
  for (const FileType& known : file_types) {
    if (base::ends_with_lower(path, known.ending)) return known.type;
  }
  return "application/octet-stream";
}

int hex_digit(char c) {
  if (base::is_digit(c)) return c - '0';
  const char lower = base::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The file's name that a path of a URL means, or nothing if it means none: parts between slashes that are neither empty
// nor "." nor "..", looked at after decoding, so that no spelling hides one.
std::optional<std::string> file_name(std::string_view path) {
  std::string name;
  name.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      const int high = i + 1 < path.size() ? hex_digit(path[i + 1]) : -1;
      const int low = i + 2 < path.size() ? hex_digit(path[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      if (c == '/') return std::nullopt;
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    name += c;
  }
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return std::nullopt;
    begin = end + 1;
  }
  return name;
}

// RFC 9110 section 5.6.7, without the locale that strftime would ask.
std::string http_date(std::time_t time) {
  constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::string(days[parts.tm_wday]) + ", " + two(parts.tm_mday) + " " + months[parts.tm_mon] + " " +
         std::to_string(parts.tm_year + 1900) + " " + two(parts.tm_hour) + ":" + two(parts.tm_min) + ":" +
         two(parts.tm_sec) + " GMT";
}

std::string entity_tag(const struct stat& status) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string tag = "\"";
  const std::uint64_t parts[] = {static_cast<std::uint64_t>(status.st_size),
                                 static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                                 static_cast<std::uint64_t>(status.st_mtim.tv_nsec)};
  for (std::uint64_t part : parts) {
    if (tag.size() > 1) tag += '-';
    do {
      tag += digits[part % 16];
      part /= 16;
    } while (part != 0);
  }
  return tag + '"';
}

// Whether the client has this version already (RFC 9110 section 13.1).
bool is_known(const Request& request, const std::string& tag, const std::string& date) {
  if (request.headers().contains("if-none-match")) {
    for (const std::string_view value : request.headers().get_all("if-none-match")) {
      for (std::string_view candidate : base::split_commas(value)) {
        if (candidate.starts_with("W/")) candidate.remove_prefix(2);
        if (candidate == tag || candidate == "*") return true;
      }
    }
    return false;
  }
  // What clients send back is the date that they were given.
  return request.headers()["if-modified-since"] == date;
}

Task<> refuse(Response& response, int status, std::string text) {
  response.set_status(status);
  return response.send(std::move(text) + "\n", "text/plain; charset=utf-8");
}

Task<> send_file(server::FileHandle file, std::string type, const Request& request, Response& response) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) throw std::runtime_error("cannot look at a file");
  const std::string tag = entity_tag(status);
  const std::string date = http_date(status.st_mtim.tv_sec);
  response.set_header("etag", tag);
  response.set_header("last-modified", date);
  if (is_known(request, tag, date)) {
    response.set_status(304);
    co_return;
  }
  auto left = static_cast<std::uint64_t>(status.st_size);
  response.set_status(200);
  response.set_header("content-type", type);
  response.set_header("x-content-type-options", "nosniff");
  response.set_header("content-length", std::to_string(left));
  if (request.method() == "HEAD") co_return;
  while (left > 0) {
    std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_size)), '\0');
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw std::runtime_error("the file ended before its length, or cannot be read");
    piece.resize(static_cast<std::size_t>(got));
    left -= piece.size();
    co_await response.write(std::move(piece));
  }
}

Task<> serve_file(const server::FileHandle& directory, Request& request, Response& response) {
  if (request.method() != "GET" && request.method() != "HEAD") {
    response.set_header("allow", "GET, HEAD");
    return refuse(response, 405, "files are got");
  }
  std::optional<std::string> name = file_name(request.rest());
  if (!name) return refuse(response, 404, "there is no such file");
  const bool folder = name->empty() || name->back() == '/';
  if (folder) *name += "index.html";
  server::FileHandle file = server::open_beneath(directory, *name);
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return refuse(response, 404, "there is no such file");
  if (S_ISDIR(status.st_mode) && !folder) {
    // Links in the directory's page are relative to it.
    const std::string_view query = request.query();
    response.set_header("location",
                        std::string(request.path()) + "/" + (query.empty() ? "" : "?") + std::string(query));
    return refuse(response, 301, "this is a directory");
  }
  if (!S_ISREG(status.st_mode)) return refuse(response, 404, "there is no such file");
  return send_file(std::move(file), std::string(type_of(*name)), request, response);
}

}  // namespace

Handler static_files(const std::string& directory) {
  auto opened = std::make_shared<const server::FileHandle>(server::open_directory(directory));
  if (!*opened) throw std::invalid_argument("there is no directory \"" + directory + "\" that can be read");
  return [opened](Request& request, Response& response) { return serve_file(*opened, request, response); };
}

}  // namespace connectrpc::http
