import AsyncHTTPClient
import Corpora
import Foundation
import NIOCore
import NIOHTTP1

/// Copies one object to a file. A connection that breaks is continued at the byte where it broke, if the object is still
/// the same.
struct ObjectDownload {
    let client: StorageClient
    let descriptor: Int32
    private var place: StoragePlace
    private var offset = 0
    /// Bytes of the longest try: a copy that begins anew makes no progress before it is longer.
    private var furthest = 0
    private var identity: String?
    private var tries = 0
    private var redirects = 0

    private let bytesMax: Int
    private let followsRedirects: Bool
    private let onProgress: @Sendable () -> Void
    /// Bytes at which progress is reported next.
    private var reportAt = 0

    private static let redirectsMax = 5
    private static let reportBytes = 4 << 20

    init(
        _ client: StorageClient, _ place: StoragePlace, to descriptor: Int32, expecting identity: String?,
        bytesMax: Int,
        followsRedirects: Bool, onProgress: @escaping @Sendable () -> Void
    ) {
        self.bytesMax = bytesMax
        self.followsRedirects = followsRedirects
        self.onProgress = onProgress
        self.client = client
        self.place = place
        self.descriptor = descriptor
        self.identity = identity
    }

    /// Returns the object's entity tag, if the server gives one that names the exact bytes. Throws `otherFormat`, and what
    /// stops the writing.
    mutating func run() async throws(CorporaError) -> String? {
        let asked = place
        while true {
            let problem: String
            do {
                guard let found = try await step() else { return identity }
                problem = found
            } catch let error as CorporaError {
                throw error
            } catch {
                problem = StorageClient.text(of: error)
            }
            guard tries < StorageClient.triesMax else { throw StorageClient.failure(asked, problem, tries) }
            if tries > 0 { await StorageClient.pause(after: tries) }
        }
    }

    /// One request; `nil` when the object is complete, else why it is not.
    private mutating func step() async throws -> String? {
        tries += 1
        var call = StorageClient.Call(place: place, path: place.objectPath)
        if offset > 0 { call.headers.append(("range", "bytes=\(offset)-")) }
        if let identity { call.headers.append(("if-match", identity)) }
        let response = try await client.send(call)
        let status = Int(response.status.code)
        if status == 200 || status == 206 { return try await receive(response) }
        let body = try await response.body.collect(upTo: 1 << 20)
        let answer = StorageClient.answer(response, String(buffer: body))
        if try follow(answer) { return "redirected" }
        guard answer.isTemporary else { throw client.refusal(answer, place) }
        return client.refusalText(answer)
    }

    private mutating func receive(_ response: HTTPClientResponse) async throws -> String? {
        let tag = response.headers.first(name: "etag").flatMap { $0.hasPrefix("W/") ? nil : $0 }
        if let identity, let tag, tag != identity {
            throw CorporaError.objectChanged(path: place.path)
        }
        // Without a tag nothing says that two answers are of the same object, so the copy begins anew.
        if response.status.code == 200 || tag == nil, offset > 0 {
            guard response.status.code == 200 else {
                offset = 0
                identity = nil
                try restart()
                return "the server does not say whether the object is the same"
            }
            offset = 0
            try restart()
        }
        identity = identity ?? tag
        let stated = response.headers.first(name: "content-length").flatMap(Int.init).map {
            $0.addingReportingOverflow(offset).partialValue
        }
        for try await chunk in response.body {
            guard chunk.readableBytes <= bytesMax - offset else { throw CorporaError.objectChanged(path: place.path) }
            try FileBytes.write(
                Array(buffer: chunk), to: descriptor, name: "the temporary copy of \(place.path)")
            offset += chunk.readableBytes
            if offset >= reportAt {
                reportAt = offset + Self.reportBytes
                onProgress()
            }
            guard offset > furthest else { continue }
            (furthest, tries) = (offset, 0)
        }
        guard let stated, stated != offset else { return nil }
        return "the answer ended after \(offset) of \(stated) bytes"
    }

    private func restart() throws(CorporaError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw .unwritable(
                path: "the temporary copy of \(place.path)", operation: "empty",
                reason: String(cString: strerror(errno)))
        }
    }

    /// Follows a redirection of a web address; those of buckets are errors, because a signature is for one host.
    private mutating func follow(_ answer: StorageAnswer) throws(CorporaError) -> Bool {
        guard followsRedirects, !place.isBucket, [301, 302, 303, 307, 308].contains(answer.status),
            let location = answer.headers["location"], redirects < Self.redirectsMax,
            let base = URL(string: place.origin + place.objectPath),
            let target = URL(string: location, relativeTo: base)?.absoluteString,
            let next = StoragePlace(target, client.credentials), !next.isBucket
        else { return false }
        guard !place.origin.hasPrefix("https:") || next.origin.hasPrefix("https:") else {
            throw .otherFormat("\(place.path): the server redirects to \(next.path), which is not encrypted")
        }
        redirects += 1
        tries -= 1
        place = next
        return true
    }
}
