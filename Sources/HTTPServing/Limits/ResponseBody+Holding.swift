import Hummingbird

// Keeps a request's place until its answer was written.

extension ResponseBody {
    /// The same body; the place is held until it was written, or dropped.
    func holding(_ place: RequestPlace) -> ResponseBody {
        ResponseBody(contentLength: contentLength) { writer in
            try await write(writer)
            withExtendedLifetime(place) {}
        }
    }
}
