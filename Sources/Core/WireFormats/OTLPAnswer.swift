/// `ExportMetricsServiceResponse`, which tells what of an export was refused and why; all of it was taken where that is nothing.
package struct OTLPAnswer: Hashable, Sendable {
    package let rejectedPoints: Int
    package let problem: String

    package init(rejectedPoints: Int = 0, problem: String = "") {
        (self.rejectedPoints, self.problem) = (rejectedPoints, problem)
    }

    package var protobuf: [UInt8] {
        var writer = ProtoWriter()
        guard rejectedPoints > 0 || !problem.isEmpty else { return writer.bytes }
        writer.message(1) { writer in
            writer.varint(1, UInt64(rejectedPoints))
            writer.string(2, problem)
        }
        return writer.bytes
    }
}

/// `google.rpc.Status`, in which OTLP answers a request that failed. Codes are gRPC's.
package struct OTLPStatus: Hashable, Sendable {
    package let code: Int
    package let message: String

    package init(code: Int, message: String) { (self.code, self.message) = (code, message) }

    package var protobuf: [UInt8] {
        var writer = ProtoWriter()
        writer.varint(1, UInt64(code))
        writer.string(2, message)
        return writer.bytes
    }
}
