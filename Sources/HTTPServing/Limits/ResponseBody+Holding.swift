public import Hummingbird

// Ties something's lifetime to a response.

extension ResponseBody {
    /// The same body; `guards` are held until it was written, or dropped.
    public func holding(_ guards: ScopeGuard...) -> ResponseBody {
        ResponseBody(contentLength: contentLength) { writer in
            try await write(writer)
            withExtendedLifetime(guards) {}
        }
    }
}
