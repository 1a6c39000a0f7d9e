import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Ports

/// An error a caller is told of, as RFC 9457 has it.
struct Problem: Error, Encodable {
    let title: String, status: Int, detail: String

    init(_ status: HTTPResponse.Status, _ detail: String) {
        (title, self.status, self.detail) = (status.reasonPhrase, status.code, detail)
    }

    /// Maps whatever a route threw; nil for what is the server's own fault and none of the caller's business.
    init?(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as StoreError where error.code == .full: self.init(.tooManyRequests, error.description)
        case let error as StoreError where error.code == .tooLarge: self.init(.contentTooLarge, error.description)
        case let error as StoreError where error.code == .cancelled: self.init(.serviceUnavailable, error.description)
        case let error as StoreError:
            self.init(error.isRetryable ? .serviceUnavailable : .internalServerError, error.description)
        case let error as HTTPError: self.init(error.status, error.body ?? error.status.reasonPhrase)
        default: return nil
        }
    }

    var response: Response {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if status == 503 || status == 429 { headers[.retryAfter] = "1" }
        if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        return Response(status: .init(code: status), headers: headers, body: .init(byteBuffer: json(self)))
    }
}

/// JSON with sorted keys; an empty object where a value cannot be written, which none of ours is.
func json(_ value: some Encodable) -> ByteBuffer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return ByteBuffer(bytes: (try? encoder.encode(value)) ?? Data("{}".utf8))
}

/// Turns every error into problem+json, and logs those that are the server's fault.
struct ProblemMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch {
            if let problem = Problem(error) { return problem.response(cutting: context.channel) }
            context.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return Problem(.internalServerError, "the request failed; the log says why").response
        }
    }
}

extension Problem {
    /// The response, after which the connection is closed where the rest of the body would otherwise have to be read.
    fileprivate func response(cutting channel: any Channel) -> Response {
        guard status == 408 || status == 413 else { return response }
        var response = response
        let body = response.body
        response.headers[.connection] = "close"
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await writer.write(json(self))
            try await writer.finish(nil)
            channel.close(promise: nil)
        }
        return response
    }
}
