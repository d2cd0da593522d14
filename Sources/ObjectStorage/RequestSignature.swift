import Crypto
import Foundation
import Scoring

/// Signs requests with AWS Signature Version 4, as S3 and compatible servers check it.
///
/// Source: "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference. Tested with its examples.
package struct RequestSignature: Sendable {
    package let key: StorageCredentials.Key
    package let region: String

    package init(key: StorageCredentials.Key, region: String) {
        self.key = key
        self.region = region
    }

    /// The headers to add to a request: time, digest of the body, token, authorization.
    ///
    /// - Parameters:
    ///   - path: Percent-encoded, from the first `/`.
    ///   - query: Names and values, not encoded.
    ///   - headers: Those that are sent and signed, with `host`; names in small letters.
    ///   - time: Seconds since 1970.
    package func headers(
        method: String, path: String, query: [(String, String)] = [], headers: [(String, String)], body: [UInt8] = [],
        time: Int
    ) -> [(String, String)] {
        let (day, moment) = Self.text(of: time)
        let digest = Digest(of: body).hex
        var added = [("x-amz-content-sha256", digest), ("x-amz-date", moment)]
        if let token = key.token { added.append(("x-amz-security-token", token)) }
        let signed = (headers + added).sorted { $0.0 < $1.0 }
        let names = signed.map(\.0).joined(separator: ";")
        let request = [
            method, path, Self.encoded(query), signed.map { "\($0.0):\($0.1)\n" }.joined(), names, digest,
        ].joined(separator: "\n")
        let scope = "\(day)/\(region)/s3/aws4_request"
        let text = ["AWS4-HMAC-SHA256", moment, scope, Digest(of: request).hex]
            .joined(separator: "\n")
        var signingKey = Array("AWS4\(key.secret)".utf8)
        for part in [day, region, "s3", "aws4_request"] { signingKey = Self.code(of: part, signingKey) }
        let signature = Self.code(of: text, signingKey).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(key.id)/\(scope),SignedHeaders=\(names),Signature=\(signature)"
        return added + [("authorization", authorization)]
    }

    /// A query in its canonical form, which is also sent.
    package static func encoded(_ query: [(String, String)]) -> String {
        query.map { (encoded($0.0), encoded($0.1)) }.sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// Percent-encodes everything but letters, digits and `-._~`; in paths, `/` stays too.
    package static func encoded(_ text: String, isPath: Bool = false) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "/") where isPath: result += "/"
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    private static func code(of text: String, _ key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }

    /// `20130524` and `20130524T000000Z`.
    private static func text(of time: Int) -> (day: String, moment: String) {
        var seconds = time_t(time)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let day = String(format: "%04d%02d%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
        return (day, day + String(format: "T%02d%02d%02dZ", parts.tm_hour, parts.tm_min, parts.tm_sec))
    }
}
