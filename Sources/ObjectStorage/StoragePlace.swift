import Foundation

/// A bucket and a key, or a web address: where requests for a path go.
package struct StoragePlace: Sendable {
    /// The path as the caller wrote it, without a password.
    package let path: String
    /// `https://host` without a `/` at the end.
    package let origin: String
    /// As the header says it, with a port that is not the scheme's own.
    package let host: String
    /// The encoded path up to the bucket: `/bucket`, or nothing.
    package let bucketPath: String
    /// The key, not encoded; the rest of a web address with its query, as it was written.
    package let key: String
    package let isBucket: Bool

    /// `nil` if the path names no bucket or no host.
    package init?(_ path: String, _ credentials: StorageCredentials) {
        if path.hasPrefix("s3://") {
            let rest = path.dropFirst("s3://".count)
            let bucket = String(rest.prefix { $0 != "/" })
            guard !bucket.isEmpty else { return nil }
            self.path = path
            isBucket = true
            key = String(rest.dropFirst(bucket.count + 1))
            let isPlainName = bucket.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
            if let endpoint = credentials.endpoint {
                guard let host = Self.host(of: endpoint), let url = URLComponents(string: endpoint),
                    url.user == nil, url.query == nil, url.fragment == nil
                else { return nil }
                origin = String(endpoint.dropLast(url.percentEncodedPath.count))
                self.host = host
                bucketPath = url.percentEncodedPath + "/" + RequestSignature.encoded(bucket)
            } else if isPlainName {
                host = "\(bucket).s3.\(credentials.region).amazonaws.com"
                origin = "https://\(host)"
                bucketPath = ""
            } else {
                host = "s3.\(credentials.region).amazonaws.com"
                origin = "https://\(host)"
                bucketPath = "/" + RequestSignature.encoded(bucket)
            }
            return
        }
        guard var url = URLComponents(string: path), let host = Self.host(of: path), let scheme = url.scheme else {
            return nil
        }
        self.host = host
        origin = "\(scheme)://\(host)"
        isBucket = false
        bucketPath = ""
        key =
            String((url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath).dropFirst())
            + (url.percentEncodedQuery.map { "?\($0)" } ?? "")
        // A signed address has its signature in the query; it is no matter for messages.
        (url.user, url.password, url.query, url.fragment) = (nil, nil, nil, nil)
        self.path = url.string ?? origin
    }

    /// The encoded path of the object.
    package var objectPath: String {
        isBucket ? "\(bucketPath)/\(RequestSignature.encoded(key, isPath: true))" : "/\(key)"
    }

    /// The encoded path of the bucket.
    package var listPath: String { bucketPath.isEmpty ? "/" : bucketPath }

    private static func host(of url: String) -> String? {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, ["http", "https"].contains(scheme),
            let host = parts.percentEncodedHost, !host.isEmpty
        else { return nil }
        guard let port = parts.port, port != (scheme == "https" ? 443 : 80) else { return host }
        return "\(host):\(port)"
    }
}
