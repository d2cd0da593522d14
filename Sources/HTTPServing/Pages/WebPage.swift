import Foundation
import HTTPTypes
public import Hummingbird
import NIOCore
import Scoring

/// A page in one file: its frame, style and scripts are put together when the server starts.
///
/// The page loads nothing and names nothing outside itself. Its content security policy allows its own style and script, by
/// their digests, and requests to its own server. It shows no data of its own: its script reads events.
public struct WebPage: Sendable {
    private let bytes: ByteBuffer
    private let headers: HTTPFields
    private let tag: String

    /// A page with a title; `main` is the content below its header, `script` runs after the code that all pages share.
    public init(title: String, main: [UInt8], script: [UInt8]) {
        let style = Self.text(PackageResources.page_css)
        let code = Self.text(PackageResources.page_js) + "\n" + Self.text(script)
        var page = Self.text(PackageResources.page_html)
        for (name, value) in [("TITLE", title), ("STYLE", style), ("MAIN", Self.text(main)), ("SCRIPT", code)] {
            page = page.replacingOccurrences(of: "{{\(name)}}", with: value)
        }
        bytes = ByteBuffer(string: page)
        tag = "\"\(Digest(of: page).short)\""
        let policy = """
            default-src 'none'; style-src '\(Self.source(style))'; script-src '\(Self.source(code))'; \
            connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
            """
        var headers: HTTPFields = [.contentType: "text/html; charset=utf-8", .cacheControl: "no-cache", .eTag: tag]
        for (name, value) in [
            ("content-security-policy", policy), ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"), ("cross-origin-opener-policy", "same-origin"),
        ] {
            if let field = HTTPField.Name(name) { headers[field] = value }
        }
        self.headers = headers
    }

    /// The page, or 304 where the browser has it.
    public func response(to request: Request) -> Response {
        if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: [.eTag: tag]) }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// An element's text as a policy names it.
    private static func source(_ text: String) -> String {
        "sha256-\(Data(Digest(of: text).bytes).base64EncodedString())"
    }
}
