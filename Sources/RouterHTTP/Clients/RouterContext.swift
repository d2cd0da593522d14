import Hummingbird
import NIOCore

/// The context of a request: beside Hummingbird's own, the channel that it came from.
struct RouterContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
