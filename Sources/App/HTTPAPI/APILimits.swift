package import NIOCore

/// What the API takes at most, so that no sender can fill the memory or hold a place for ever.
package struct APILimits: Sendable {
    /// Bytes of a body as it comes in.
    package var body = 32 << 20
    /// Bytes of a body after decompression.
    package var decompressed = 64 << 20
    /// Pushes taken in at a time.
    package var pushes = 16
    /// Bytes of all large bodies that are under way, and of all contents after decompression: what the API holds of pushes in
    /// memory is a few times these.
    package var bodies = 64 << 20, contents = 64 << 20
    /// Pushes and queries that wait for a place, each in a line of its own; one more is told to come again.
    package var waiting = 64
    /// Queries answered at a time.
    package var queries = 4
    /// From the first byte of a body to its last.
    package var sending = Duration.seconds(30)
    /// After which a query is given up.
    package var answering = Duration.seconds(60)
    /// Samples in the answer to a remote_read.
    package var remoteReadSamples = 5_000_000
    /// Connections; more wait in the system's queue.
    package var connections = 1_024
    /// After which a connection on which nothing comes is closed.
    package var idle = TimeAmount.seconds(75)

    package init() {}
}
