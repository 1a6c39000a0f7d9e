import Foundation
import TestSupport
import Testing

/// What `withTLSServer` serves.
enum TLSServer {
    static let token = "secret-of-sixteen"

    /// Debian's `openssl` makes the certificates, and Python serves.
    static let canRun = ["/usr/bin", "/usr/local/bin"].contains { has("openssl", in: $0) } && isPythonHere

    private static let isPythonHere = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .contains { has("python3", in: String($0)) }

    private static func has(_ program: String, in folder: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: folder + "/" + program)
    }

    /// An authority, and a certificate that it signed.
    static let certificates = """
        set -euo pipefail
        cd "$1"
        key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
        openssl req -x509 $key -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
        openssl req $key -subj /CN=server -keyout server.key -out server.csr
        echo "subjectAltName=$2" > names
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem
        """

    /// Answers with an exposition, and with two samples to a query; 401 without the token.
    static let program = """
        import http.server, json, socketserver, ssl, sys, time
        folder, token, plain = sys.argv[1:4]

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                known = self.headers.get("Authorization") == "Bearer " + token
                body, now = b"secured 7\\n", int(time.time()) // 60 * 60
                if self.path.startswith("/api/"):
                    series = {"metric": {"__name__": "m"}, "values": [[now - 120, "1"], [now - 60, "2"]]}
                    data = {"resultType": "matrix", "result": [series]}
                    body = json.dumps({"status": "success", "data": data}).encode()
                self.send_response(200 if known else 401)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_GET = do_POST = answer
            def log_message(self, *arguments): pass

        class Plain(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"HTTP/1.1 400 Bad Request\\r\\nConnection: close\\r\\n\\r\\n")
                self.rfile.read()

        handler = Handler if plain == "tls" else Plain
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if plain == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """
}

/// Runs `body` with the port of a server whose certificate is for `name`; its authority is `ca.pem` in the directory, its token
/// stands in `token` there.
func withTLSServer(
    _ directory: URL, name: String = "IP:127.0.0.1,DNS:localhost", isPlain: Bool = false,
    _ body: (Int) async throws -> Void
) async throws {
    let made = try await BuiltBinary.run("bash", ["-c", TLSServer.certificates, "-", directory.path, name])
    try #require(made.status == 0, "\(made)")
    try "\(TLSServer.token)\n".write(to: directory.appending(path: "token"), atomically: true, encoding: .utf8)
    let output = directory.appending(path: "port")
    let process = try BuiltBinary.started(
        "python3", ["-c", TLSServer.program, directory.path, TLSServer.token, isPlain ? "plain" : "tls"],
        output: output, errors: directory.appending(path: "server.log"))
    var port = 0
    _ = await eventually {
        port = (try? String(contentsOf: output, encoding: .utf8)).flatMap { Int($0.dropLast()) } ?? 0
        return port > 0
    }
    var failure: (any Error)?
    if port > 0 { do { try await body(port) } catch { failure = error } }
    Foundation.kill(process.processIdentifier, SIGKILL)
    await BuiltBinary.ended(process)
    if let failure { throw failure }
    try #require(port > 0, "the server did not start")
}
