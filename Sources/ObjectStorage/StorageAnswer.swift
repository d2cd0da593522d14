import Foundation

/// What an answer of a storage means: done, to be tried again, or an error with words for people.
package struct StorageAnswer: Sendable {
    package let status: Int
    package let headers: [String: String]
    /// The start of the body of an error, or the whole of a short answer.
    package let body: String

    package init(status: Int, headers: [String: String], body: String) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Whether the same request may succeed later.
    package var isTemporary: Bool { [408, 429, 500, 502, 503, 504].contains(status) || code == "RequestTimeout" }

    /// The storage's own name of an error, such as `NoSuchKey`.
    package var code: String? { Self.element("Code", in: body[...])?.text }

    /// What is wrong, and what to do. Nothing of the request is in it, so no secret is either.
    package func reason(region: String, hasKey: Bool) -> String {
        let name = code.map { " (\($0))" } ?? ""
        if let other = headers["x-amz-bucket-region"] ?? Self.element("Region", in: body[...])?.text, other != region,
            [301, 307, 400, 403].contains(status)
        {
            return "the bucket is in the region \(other), not \(region); set AWS_REGION=\(other)"
        }
        switch status {
        case 401, 403:
            return hasKey
                ? "access is denied\(name); check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the rights of this key"
                : "access is denied\(name), and no key is set; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        case 404: return "it does not exist\(name)"
        case 412: return "it changed while it was read; start again"
        case 301, 302, 303, 307, 308: return "the server redirects too often, or to nowhere"
        default: return "the server answers with status \(status)\(name)"
        }
    }

    /// The text of the first element of a name from `rest` on, and what follows it. The texts read here are encoded, or
    /// names without markup.
    static func element(_ name: String, in rest: Substring) -> (text: String, rest: Substring)? {
        guard let start = rest.range(of: "<\(name)>"), let end = rest[start.upperBound...].range(of: "</\(name)>")
        else {
            return nil
        }
        return (String(rest[start.upperBound..<end.lowerBound]), rest[end.upperBound...])
    }
}

/// One answer to ListObjectsV2 with `encoding-type=url`.
package struct ObjectListing: Sendable {
    package let objects: [(key: String, bytes: Int)]
    /// `nil` on the last page.
    package let continuation: String?

    /// `nil` if the text is no listing.
    package init?(_ text: String) {
        guard text.contains("<ListBucketResult") else { return nil }
        var objects: [(key: String, bytes: Int)] = []
        var rest = text[...]
        while let (entry, after) = StorageAnswer.element("Contents", in: rest) {
            rest = after
            guard let key = StorageAnswer.element("Key", in: entry[...])?.text,
                let decoded = key.replacing("+", with: " ").removingPercentEncoding,
                let size = StorageAnswer.element("Size", in: entry[...]).flatMap({ Int($0.text) })
            else { return nil }
            objects.append((decoded, size))
        }
        self.objects = objects
        let isCut = StorageAnswer.element("IsTruncated", in: text[...])?.text == "true"
        let token = StorageAnswer.element("NextContinuationToken", in: text[...])?.text
        guard !isCut || token != nil else { return nil }
        continuation = isCut ? token?.replacing("&amp;", with: "&") : nil
    }
}
