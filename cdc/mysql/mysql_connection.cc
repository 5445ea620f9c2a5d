// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/mysql_connection.h"

#include <errmsg.h>
#include <mysql.h>
#include <strings.h>
#include <unistd.h>

#include <charconv>

namespace freshet {
namespace {

struct ErrorCode {
  unsigned number;
  Code code;
};

// Numbers of the MySQL and MariaDB error reference ("Server Error Message Reference").
constexpr ErrorCode kErrorCodes[] = {
    {1044, Code::kAuth},                                  // access to the database denied
    {1045, Code::kAuth},                                  // access denied for user
    {1130, Code::kAuth},                                  // host is not allowed to connect
    {1142, Code::kAuth},                                  // command denied on a table
    {1143, Code::kAuth},                                  // command denied on a column
    {1227, Code::kAuth},                                  // a global privilege is missing
    {1251, Code::kAuth},                                  // authentication protocol not supported
    {1698, Code::kAuth},                                  // access denied without a password
    {1820, Code::kAuth},                                  // password expired
    {1862, Code::kAuth},        {2059, Code::kAuth},      // authentication plugin cannot be loaded
    {2061, Code::kAuth},                                  // the plugin reports an error
    {3118, Code::kAuth},                                  // account locked
    {4151, Code::kAuth},        {1049, Code::kNotFound},  // unknown database
    {1054, Code::kSchemaMoved},                           // unknown column
    {1146, Code::kSchemaMoved},                           // no such table
    {1412, Code::kSchemaMoved},                           // table definition changed
    {1072, Code::kSchemaMoved},                           // key column does not exist
    {1040, Code::kUnavailable},                           // too many connections
    {1053, Code::kUnavailable},                           // shutdown in progress
    {1129, Code::kUnavailable},                           // host blocked
    {1152, Code::kUnavailable},                           // aborted connection
    {1158, Code::kUnavailable},                           // network errors 1158 to 1161
    {1159, Code::kUnavailable}, {1160, Code::kUnavailable},
    {1161, Code::kUnavailable}, {1203, Code::kUnavailable},  // user has too many connections
    {1205, Code::kUnavailable},                              // lock wait timeout
    {1213, Code::kUnavailable},                              // deadlock
    {1226, Code::kUnavailable},                              // resource limit
    {1317, Code::kUnavailable},                              // query interrupted
    {1927, Code::kUnavailable},                              // connection was killed (MariaDB)
    {3024, Code::kUnavailable},                              // maximum execution time exceeded
    {4031, Code::kUnavailable},                              // disconnected for inactivity
};

constexpr unsigned kClientErrorFirst = 2000;
constexpr unsigned kClientErrorLast = 2999;

bool IsConnectionLost(unsigned number) {
  return number == CR_SERVER_GONE_ERROR || number == CR_SERVER_LOST || number == 1053 || number == 1927 ||
         number == 1152 || number == 4031 || number == CR_COMMANDS_OUT_OF_SYNC || number == CR_MALFORMED_PACKET;
}

void SetTls(MYSQL* mysql, const MysqlOptions& options, bool tls) {
  const my_bool yes = 1;
  const my_bool no = 0;
  const my_bool enforce = tls ? 1 : 0;
  if (tls)
    mysql_ssl_set(mysql, nullptr, nullptr, options.ssl_rootcert.empty() ? nullptr : options.ssl_rootcert.c_str(),
                  nullptr, nullptr);
  mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
  const bool verify = options.ssl_mode >= MysqlSslMode::kVerifyCa;
  mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, verify ? &yes : &no);
}

ServerVersion ParseVersion(std::string_view text) {
  ServerVersion version;
  version.text = std::string(text);
  // MariaDB before 11 prefixes its version for old clients.
  if (text.starts_with("5.5.5-")) text.remove_prefix(6);
  if (text.find("MariaDB") != std::string_view::npos) version.flavour = MysqlFlavour::kMariadb;
  const char* at = text.data();
  const char* end = at + text.size();
  for (int part = 0; part < 3; ++part) {
    uint32_t number = 0;
    at = std::from_chars(at, end, number).ptr;
    version.number = version.number * 100 + number;
    if (at < end && *at == '.') ++at;
  }
  return version;
}

}  // namespace

Code CodeOfMysqlError(unsigned number) {
  for (const ErrorCode& entry : kErrorCodes) {
    if (entry.number == number) return entry.code;
  }
  return number >= kClientErrorFirst && number <= kClientErrorLast ? Code::kUnavailable : Code::kInvalid;
}

std::string QuoteMysqlName(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

std::string HexLiteral(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string literal = "X'";
  for (const char c : bytes) {
    literal += kHex[static_cast<uint8_t>(c) >> 4];
    literal += kHex[static_cast<uint8_t>(c) & 15];
  }
  return literal + "'";
}

std::string TextLiteral(std::string_view utf8) {
  return "_utf8mb4 " + HexLiteral(utf8);
}

std::string SqlRows::Get(size_t row, std::string_view name) const {
  for (size_t i = 0; i < names.size() && row < rows.size(); ++i) {
    if (names[i].size() == name.size() && strncasecmp(names[i].data(), name.data(), name.size()) == 0) {
      return rows[row][i].value_or("");
    }
  }
  return "";
}

Result<std::unique_ptr<MysqlConnection>> MysqlConnection::Open(const MysqlOptions& options, const Timeouts& timeouts) {
  const bool tls = options.ssl_mode != MysqlSslMode::kDisable;
  if (tls && !options.ssl_rootcert.empty() && access(options.ssl_rootcert.c_str(), R_OK) != 0) {
    return Status(Code::kInvalid, "ssl_rootcert " + options.ssl_rootcert + " can not be read");
  }
  Result<std::unique_ptr<MysqlConnection>> connection = OpenOnce(options, timeouts, tls);
  if (connection.ok() || options.ssl_mode != MysqlSslMode::kPreferred) return connection;
  if (connection.code() != Code::kUnavailable) return connection;
  return OpenOnce(options, timeouts, false);  // the server may offer no TLS
}

Result<std::unique_ptr<MysqlConnection>> MysqlConnection::OpenOnce(const MysqlOptions& options,
                                                                   const Timeouts& timeouts, bool tls) {
  MYSQL* mysql = mysql_init(nullptr);
  CHECK(mysql != nullptr);
  std::unique_ptr<MysqlConnection> connection(new MysqlConnection(mysql));
  const unsigned connect_s = static_cast<unsigned>(timeouts.connect.count());
  const unsigned read_s = static_cast<unsigned>(timeouts.read.count());
  const unsigned write_s = static_cast<unsigned>(timeouts.write.count());
  const unsigned protocol = MYSQL_PROTOCOL_TCP;
  const my_bool no = 0;
  const unsigned long packet_bytes_max = 1ul << 30;  // the protocol's own limit
  mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
  mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &read_s);
  mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
  mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_optionsv(mysql, MYSQL_OPT_RECONNECT, &no);
  mysql_optionsv(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_bytes_max);
  mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  SetTls(mysql, options, tls);
  const bool connected = mysql_real_connect(mysql, options.host.c_str(), options.user.c_str(), options.password.c_str(),
                                            nullptr, options.port, nullptr, 0) != nullptr;
  // libmariadb goes on without TLS when the server offers none, whatever was asked for.
  const bool greeted = connected || mysql->server_capabilities != 0;
  const bool unprotected =
      connected ? mysql_get_ssl_cipher(mysql) == nullptr : (mysql->server_capabilities & CLIENT_SSL) == 0;
  if (options.ssl_mode >= MysqlSslMode::kRequired && greeted && unprotected) {
    return Status(
        Code::kUnsupported,
        "the server offers no TLS, which ssl_mode asks for: set ssl_cert and ssl_key on the server, or ssl_mode "
        "to disable");
  }
  if (!connected) {
    const Code code = CodeOfMysqlError(mysql_errno(mysql));
    const std::string text = mysql_error(mysql);
    if (code == Code::kAuth) return Status(code, text);
    return Status(Code::kUnavailable,
                  "can not connect to " + options.host + ":" + std::to_string(options.port) + ": " + text);
  }
  connection->version_ = ParseVersion(mysql_get_server_info(mysql));
  return connection;
}

MysqlConnection::~MysqlConnection() {
  mysql_close(mysql_);
}

Status MysqlConnection::LastError(std::string_view what) const {
  const unsigned number = mysql_errno(mysql_);
  if (IsConnectionLost(number)) alive_ = false;
  return Status(CodeOfMysqlError(number),
                std::string(what) + ": " + mysql_error(mysql_) + " (error " + std::to_string(number) + ")");
}

Status MysqlConnection::Run(const std::string& sql) {
  if (mysql_real_query(mysql_, sql.data(), sql.size()) != 0) return LastError("query");
  return Status::Ok();
}

Status MysqlConnection::Execute(const std::string& sql) {
  return Query(sql).status();
}

Result<SqlRows> MysqlConnection::Query(const std::string& sql) {
  TRY(Run(sql));
  SqlRows result;
  MYSQL_RES* stored = mysql_store_result(mysql_);
  if (stored == nullptr) {
    if (mysql_errno(mysql_) != 0) return LastError("query");
    return result;
  }
  const unsigned count = mysql_num_fields(stored);
  const MYSQL_FIELD* fields = mysql_fetch_fields(stored);
  for (unsigned i = 0; i < count; ++i) result.names.emplace_back(fields[i].name);
  while (MYSQL_ROW row = mysql_fetch_row(stored)) {
    const unsigned long* lengths = mysql_fetch_lengths(stored);
    SqlRow values(count);
    for (unsigned i = 0; i < count; ++i) {
      if (row[i] != nullptr) values[i].emplace(row[i], lengths[i]);
    }
    result.rows.push_back(std::move(values));
  }
  mysql_free_result(stored);
  return result;
}

Result<std::string> MysqlConnection::QueryValue(const std::string& sql) {
  ASSIGN_OR_RETURN(const SqlRows result, Query(sql));
  if (result.rows.empty()) return Status(Code::kNotFound, "query returned no row");
  return result.rows[0][0].value_or("");
}

Status MysqlConnection::Stream(const std::string& sql, const RowFunction& row_function) {
  TRY(Run(sql));
  MYSQL_RES* result = mysql_use_result(mysql_);
  if (result == nullptr) return LastError("query");
  const unsigned count = mysql_num_fields(result);
  std::vector<std::string_view> values(count);
  Status status;
  while (MYSQL_ROW row = mysql_fetch_row(result)) {
    const unsigned long* lengths = mysql_fetch_lengths(result);
    for (unsigned i = 0; i < count; ++i) {
      values[i] = row[i] == nullptr ? std::string_view() : std::string_view(row[i], lengths[i]);
    }
    Result<bool> more = row_function(values.data(), count);
    if (!more.ok()) {
      status = std::move(more).status();
      break;
    }
    if (!*more) break;
  }
  if (status.ok() && mysql_errno(mysql_) != 0) status = LastError("query");
  mysql_free_result(result);  // drains what was not read
  if (status.ok() && mysql_errno(mysql_) != 0) status = LastError("query");
  return status;
}

}  // namespace freshet
