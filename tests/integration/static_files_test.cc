// Files of a directory as a plain route, and nothing else of the machine.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "connectrpc/http/static_files.h"
#include "connectrpc/server.h"
#include "integration/plain_http.h"

namespace connectrpc::probe_test {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public ::testing::TestWithParam<HttpVersion> {
 protected:
  StaticFilesTest() {
    fs::create_directories(root() / "docs" / "empty");
    write(root() / "app.js", "let x;");
    write(root() / "page.HTML", "<p>");
    write(root() / "with space", "odd");
    write(root() / "empty.txt", "");
    write(root() / "docs" / "index.html", "index");
    write(root() / "large.bin", std::string(1'000'000, 'b'));
    write(base_ / "secret", "secret");
    fs::create_symlink("../secret", root() / "escape");
    fs::create_symlink(base_ / "secret", root() / "absolute");
    fs::create_symlink("..", root() / "up");
    fs::create_symlink("app.js", root() / "inside.js");
    ::mkfifo((root() / "pipe").c_str(), 0600);
    server_.handle("/files/", http::static_files(root()));
    client_.emplace(server_.listen("127.0.0.1:0"), GetParam());
    server_.start();
  }
  ~StaticFilesTest() override { fs::remove_all(base_); }

  fs::path root() const { return base_ / "root"; }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  Answer get(const std::string& name, const Headers& headers = Headers()) {
    return client_->request("GET", "/files/" + name, headers);
  }

  fs::path base_ = fs::temp_directory_path() / ("connectrpc-files-" + std::to_string(::getpid()));
  Server server_;
  std::optional<PlainClient> client_;
};

TEST_P(StaticFilesTest, GivesFilesWithTheirTypes) {
  const Answer script = get("app.js?v=2");
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.body, "let x;");
  EXPECT_EQ(script.header("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(script.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(get("page.HTML").header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(get("with%20space").body, "odd");
  EXPECT_EQ(get("with%20space").header("content-type"), "application/octet-stream");
  EXPECT_EQ(get("large.bin").body, std::string(1'000'000, 'b'));
  const Answer empty = get("empty.txt");
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.body, "");
  EXPECT_EQ(get("docs/").body, "index");
  EXPECT_EQ(get("docs").status, 301);
  EXPECT_EQ(get("docs?q=1").header("location"), "/files/docs/?q=1");
  EXPECT_EQ(get("docs/empty/").status, 404);
  EXPECT_EQ(get("none").status, 404);
}

TEST_P(StaticFilesTest, HeadAndOtherMethods) {
  const Answer head = client_->request("HEAD", "/files/large.bin");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  const Answer post = client_->request("POST", "/files/app.js", Headers(), "x");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.header("allow"), "GET, HEAD");
}

TEST_P(StaticFilesTest, WhoHasAFileIsNotSentItAgain) {
  const Answer first = get("app.js");
  const std::string tag(first.header("etag"));
  const std::string date(first.header("last-modified"));
  ASSERT_NE(tag, "");
  const Answer again = get("app.js", raw(Field("if-none-match", "\"other\", W/" + tag)));
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.header("etag"), tag);
  EXPECT_EQ(get("app.js", raw(Field("if-modified-since", date))).status, 304);
  EXPECT_EQ(get("app.js", raw(Field("if-none-match", "\"other\""), Field("if-modified-since", date))).status, 200);
  write(root() / "app.js", "let y = 1;");
  EXPECT_EQ(get("app.js", raw(Field("if-none-match", tag))).status, 200);
}

TEST_P(StaticFilesTest, NothingElseOfTheMachineIsGiven) {
  for (const std::string name : {"../secret",
                                 "..%2fsecret",
                                 "%2e%2e/secret",
                                 "%2e%2e%2fsecret",
                                 "docs/../../secret",
                                 "docs/%2e%2e/%2e%2e/secret",
                                 "escape",
                                 "absolute",
                                 "up/secret",
                                 "pipe",
                                 "%00",
                                 "app.js%00",
                                 "/etc/passwd",
                                 "//etc/passwd",
                                 "%2fetc/passwd",
                                 ".",
                                 "..",
                                 "./app.js",
                                 "docs//index.html",
                                 "%",
                                 "%4",
                                 "%zz",
                                 "docs/..",
                                 "app.js/",
                                 "app.js/x"}) {
    const Answer answer = get(name);
    EXPECT_EQ(answer.status, 404) << name;
    EXPECT_EQ(answer.body.find("secret"), std::string::npos) << name;
  }
  EXPECT_EQ(get("inside.js").body, "let x;") << "a link that stays inside is no escape";
}

INSTANTIATE_TEST_SUITE_P(Versions, StaticFilesTest, ::testing::Values(HttpVersion::http1_1, HttpVersion::http2),
                         [](const auto& version) { return version.param == HttpVersion::http2 ? "Http2" : "Http1"; });

TEST(StaticFilesRulesTest, ADirectoryThatIsNotThereIsNamed) {
  try {
    http::static_files("/no/such/directory");
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "there is no directory \"/no/such/directory\" that can be read");
  }
}

}  // namespace
}  // namespace connectrpc::probe_test
