package import Corpora
import Foundation
import Threads

/// Objects of S3 and compatible servers (`s3://bucket/key`), and files of web servers (`https://`), which are only read:
/// `RemoteFiles.use(NetworkStorage())`.
///
/// Calls block their thread. An object is written by one request, so it is whole or not there.
package struct NetworkStorage: RemoteStorage {
    /// Objects of one listing.
    private static let objectsMax = 1_000_000

    private let credentials: StorageCredentials
    private let client: StorageClient
    private let followsRedirects: Bool

    /// Without `followsRedirects`, a web address that redirects is an error: where only some addresses are permitted.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment, followsRedirects: Bool = true
    ) {
        self.followsRedirects = followsRedirects
        credentials = StorageCredentials(environment: environment)
        client = StorageClient(credentials)
    }

    package func isWritable(_ path: String) -> Bool { path.hasPrefix("s3://") }

    package func exists(_ path: String) throws(CorporaError) -> Bool {
        let place = try place(path)
        let answer = try call(
            StorageClient.Call(method: "HEAD", place: place, path: place.objectPath), accepting: [200, 403, 404])
        // Who may not ask for an object may still be allowed to read it: the reader says what is wrong.
        return answer.status != 404
    }

    package func list(_ prefix: String) throws(CorporaError) -> [(path: String, bytes: Int)] {
        let place = try place(prefix)
        guard place.isBucket else { throw .unreadable(path: place.path, reason: "a web server lists no files") }
        let bucket = prefix.dropLast(place.key.count)
        let root = bucket.hasSuffix("/") ? String(bucket) : bucket + "/"
        var found: [(path: String, bytes: Int)] = []
        var continuation: String?
        repeat {
            var request = StorageClient.Call(place: place, path: place.listPath)
            request.query = [("list-type", "2"), ("encoding-type", "url"), ("prefix", place.key)]
            if let continuation { request.query.append(("continuation-token", continuation)) }
            let answer = try call(request, accepting: [200])
            guard let page = ObjectListing(answer.body) else {
                throw .unreadable(path: prefix, reason: "the server's answer is no listing of objects")
            }
            guard found.count <= Self.objectsMax, page.continuation == nil || page.continuation != continuation else {
                throw .unreadable(
                    path: prefix, reason: "its listing does not end after \(found.count) objects; give a longer prefix")
            }
            found += page.objects.filter { !$0.key.hasSuffix("/") }.map { (root + $0.key, $0.bytes) }
            continuation = page.continuation
        } while continuation != nil
        return found.sorted { $0.path < $1.path }
    }

    package func copy(
        _ path: String, to descriptor: Int32, expecting expected: String?, bytesMax: Int,
        onProgress: @escaping @Sendable () -> Void
    ) throws(CorporaError) -> String? {
        let place = try place(path)
        let (client, followsRedirects) = (self.client, self.followsRedirects)
        return try TaskWait.run { () async throws(CorporaError) -> String? in
            var download = ObjectDownload(
                client, place, to: descriptor, expecting: expected, bytesMax: bytesMax,
                followsRedirects: followsRedirects, onProgress: onProgress)
            return try await download.run()
        }
    }

    package func read(
        _ path: String, bytes: Range<Int>, expecting expected: String?
    ) throws(CorporaError) -> [UInt8] {
        let place = try place(path)
        guard !bytes.isEmpty else { return [] }
        var call = StorageClient.Call(place: place, path: place.objectPath)
        call.headers = [("range", "bytes=\(bytes.lowerBound)-\(bytes.upperBound - 1)")]
        if let expected { call.headers.append(("if-match", expected)) }
        let (client, request) = (self.client, call)
        return try TaskWait.run { () async throws(CorporaError) -> [UInt8] in
            try await client.bytes(of: request, bytesMax: bytes.count, expecting: expected)
        }
    }

    package func put(_ bytes: [UInt8], to path: String) throws(CorporaError) {
        let place = try place(path)
        _ = try call(
            StorageClient.Call(
                method: "PUT", place: place, path: place.objectPath,
                headers: [("content-type", "application/octet-stream")], body: bytes), accepting: [200])
    }

    package func remove(_ paths: [String]) throws(CorporaError) {
        for path in paths {
            let place = try place(path)
            _ = try call(
                StorageClient.Call(method: "DELETE", place: place, path: place.objectPath), accepting: [200, 204, 404])
        }
    }

    private func place(_ path: String) throws(CorporaError) -> StoragePlace {
        if let place = StoragePlace(path, credentials) { return place }
        throw .otherFormat(
            "\(path): is no address; write s3://BUCKET/KEY or https://HOST/PATH, and check AWS_ENDPOINT_URL")
    }

    private func call(_ call: StorageClient.Call, accepting: Set<Int>) throws(CorporaError) -> StorageAnswer {
        let client = self.client
        return try TaskWait.run { () async throws(CorporaError) -> StorageAnswer in
            try await client.answer(to: call, accepting: accepting)
        }
    }
}
