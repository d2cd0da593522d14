public import Hummingbird
public import NIOCore

/// The context of a request: beside Hummingbird's own, the channel that it came from, and its place within the limits.
public struct ServedContext: RequestContext {
    /// Hummingbird's own part.
    public var coreContext: CoreRequestContextStorage
    /// Of the client's connection.
    public let channel: any Channel
    /// Counts the bytes of the body as they arrive; `nil` where nothing is limited.
    public var place: RequestPlace?
    /// Who sends it; `nil` on paths that need no token.
    public var admission: Admission?

    /// A request of a connection.
    public init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
