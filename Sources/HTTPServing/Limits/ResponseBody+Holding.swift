public import Hummingbird

// Keeps objects alive until a response was written.

extension ResponseBody {
    /// The same body; `guards` are held until it was written, or dropped.
    public func holding(_ guards: ScopeGuard...) -> ResponseBody {
        ResponseBody(contentLength: contentLength) { writer in
            try await write(writer)
            withExtendedLifetime(guards) {}
        }
    }
}
