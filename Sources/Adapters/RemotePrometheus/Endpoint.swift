internal import Foundation
package import TLSTrust

/// A Prometheus-compatible server, and what it lets us in with.
package struct Endpoint: Sendable {
    /// Without a slash at the end; paths of the API are appended.
    package let base: String
    let token: String?
    let authorities: Authorities?

    /// `url` is where the server's `/api/v1` is found. `token` is sent as a bearer token. `authorities` nil: the system's.
    ///
    /// - Throws: where the URL is none, is no https and there are `authorities`, carries a password, or is plain http to another host and `allowsPlain` is not set: what
    ///   is sent and received could be read and changed on the way.
    package init(
        url: String, token: String?, authorities: Authorities? = nil, allowsPlain: Bool
    ) throws(RemoteError) {
        guard let parsed = URL(string: url), let scheme = parsed.scheme?.lowercased(), let host = parsed.host(),
            scheme == "http" || scheme == "https", !host.isEmpty
        else { throw RemoteError(.none, "'\(url)' is no URL of a server, such as https://prometheus.example:9090") }
        guard parsed.user == nil, parsed.password == nil else {
            throw RemoteError(.none, "a password has no place in a URL, where others see it; give a token in a file")
        }
        guard parsed.query == nil, parsed.fragment == nil else {
            throw RemoteError(.none, "'\(url)': leave out what follows '?' or '#'; the query is given apart")
        }
        guard scheme == "https" || allowsPlain || Self.isLoopback(host) else {
            throw RemoteError(.none, "\(url): without TLS others on the way can read and change it; use https")
        }
        guard scheme == "https" || authorities == nil else {
            throw RemoteError(.none, "\(url): --ca-file is for https, and this address is none")
        }
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
        (self.token, self.authorities) = (token, authorities)
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
    }
}
