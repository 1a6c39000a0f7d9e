package import NIOSSL

/// The authorities whose signature makes a server believed, in place of the system's.
package struct Authorities: Sendable {
    private let certificates: [NIOSSLCertificate]

    /// Reads the certificates of a PEM file, of which there is at least one.
    package init(path: String) throws(AuthoritiesError) {
        do { certificates = try NIOSSLCertificate.fromPEMFile(path) } catch {
            throw AuthoritiesError(
                description: "\(path): no authority's certificate can be read from it; a file in PEM is expected")
        }
        guard !certificates.isEmpty else {
            throw AuthoritiesError(description: "\(path): there is no certificate in it; a file in PEM is expected")
        }
    }

    /// For a client: what a server shows is checked against these, and its name against what was called.
    package var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(certificates)
        return configuration
    }
}

package struct AuthoritiesError: Error, Hashable, Sendable, CustomStringConvertible { package let description: String }

/// Why no secure connection came to be, in words for whoever runs the server; nil where `error` is of another kind.
///
/// `remedy` says where a file of authorities is named. None of these goes away by asking again.
package func tlsProblem(_ error: any Error, remedy: String) -> String? {
    if let error = error as? NIOSSLExtraError {
        return error == .failedToValidateHostname ? "its certificate is for another name" : "TLS failed (\(error))"
    }
    guard let error = error as? NIOSSLError else { return nil }
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
        return "its certificate has run out, or is of no authority that is known here (\(remedy))"
    }
    if case .unableToValidateCertificate = error { return "its certificate is for another name" }
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
        return "what answers there speaks no TLS; is the address one of http?"
    }
    return "TLS failed (\(text.prefix(160)))"
}
