import Foundation
import HTTPServing
import Keys
import Logging

/// What servers read again at SIGHUP. What cannot be read stays as it was, and the log says so.
enum Reload {
    static func keys(_ keys: LiveKeys?, _ logger: Logger) {
        guard let keys else { return logger.notice("SIGHUP: without --keys there are no keys to read again") }
        do {
            let admitted = try keys.reload(at: Date())
            logger.notice(
                "keys read again", metadata: ["admitted": "\(admitted)", "tokens": "\(keys.tokens.count)"])
        } catch {
            logger.error("keys unchanged: the folder cannot be used", metadata: ["reason": "\(error)"])
        }
    }

    static func tokens(_ tokens: LiveTokens?, _ logger: Logger) {
        guard let tokens else { return }
        do {
            let admitted = try tokens.reload(at: Date())
            logger.notice("tokens read again", metadata: ["tokens": "\(admitted)"])
        } catch {
            logger.error("tokens unchanged: the folder cannot be used", metadata: ["reason": "\(error)"])
        }
    }

    static func certificates(_ certificates: ServerCertificates?, _ logger: Logger) {
        guard let certificates else { return }
        do {
            try certificates.reload()
            logger.notice("certificate read again")
        } catch {
            logger.error("certificate unchanged: the files cannot be used", metadata: ["reason": "\(error)"])
        }
    }
}
