import SyncClient
import SyncModel
import SyncProtocol
import Testing

@Suite struct SchemaFetcherTests {
    private let answer = SchemaAnswer(
        epoch: Epoch(systemIdentifier: "7", timeline: 1), tag: "t", schema: DatabaseSchema(tables: []), dataModel: nil)
    private var patience: Int { SchemaFetcher.patience }

    @Test func fetchesDeliversAndRemembersTheTag() {
        var fetcher = SchemaFetcher()
        #expect(
            fetcher.receive(.needed)
                == [
                    .request(ifNoneMatch: nil, RequestID(1)), .startTimer(TimerID(1), milliseconds: patience),
                ])
        #expect(
            fetcher.receive(.answerReceived(RequestID(1), answer, entityTag: "x"))
                == [.cancelTimer(TimerID(1)), .deliver(answer, entityTag: "x")])
        #expect(fetcher.receive(.needed).first == .request(ifNoneMatch: "x", RequestID(2)))
        #expect(
            fetcher.receive(.answerReceived(RequestID(2), nil, entityTag: nil)) == [.cancelTimer(TimerID(2))])
        #expect(fetcher.receive(.needed).first == .request(ifNoneMatch: "x", RequestID(3)))
    }

    @Test func fetchesAgainWhenNeededMeanwhile() {
        var fetcher = SchemaFetcher(entityTag: "w")
        #expect(fetcher.receive(.needed).first == .request(ifNoneMatch: "w", RequestID(1)))
        #expect(fetcher.receive(.needed) == [])
        #expect(
            fetcher.receive(.answerReceived(RequestID(1), answer, entityTag: "x"))
                == [
                    .deliver(answer, entityTag: "x"), .request(ifNoneMatch: "x", RequestID(2)),
                    .startTimer(TimerID(2), milliseconds: patience),
                ])
    }

    /// With its tag, the service would only say that nothing changed.
    @Test func anAnswerThatCouldNotBeStoredIsFetchedWhole() {
        var fetcher = SchemaFetcher()
        _ = fetcher.receive(.needed)
        _ = fetcher.receive(.answerReceived(RequestID(1), answer, entityTag: "x"))
        #expect(fetcher.receive(.deliveryFailed(random: 200)) == [.startTimer(TimerID(2), milliseconds: 1000)])
        #expect(fetcher.receive(.deliveryFailed(random: 200)) == [])
        #expect(
            fetcher.receive(.timerFired(TimerID(2), random: 0)).first == .request(ifNoneMatch: nil, RequestID(2)))
        // It came while the next one was under way already: that one brings nothing either.
        _ = fetcher.receive(.needed)
        let answers = fetcher.receive(.answerReceived(RequestID(2), answer, entityTag: "y"))
        #expect(answers.contains(.request(ifNoneMatch: "y", RequestID(3))))
        #expect(fetcher.receive(.deliveryFailed(random: 200)) == [])
        let last = fetcher.receive(.answerReceived(RequestID(3), nil, entityTag: nil))
        #expect(last.first == .request(ifNoneMatch: nil, RequestID(4)))
    }

    @Test func failuresWaitAndGoOn() {
        var fetcher = SchemaFetcher()
        _ = fetcher.receive(.needed)
        #expect(
            fetcher.receive(.requestFailed(RequestID(1), .cutOff, random: 200))
                == [.startTimer(TimerID(2), milliseconds: 1000)])
        #expect(fetcher.receive(.timerFired(TimerID(1), random: 1)) == [])
        #expect(
            fetcher.receive(.timerFired(TimerID(2), random: 1)).first
                == .request(ifNoneMatch: nil, RequestID(2)))
        #expect(
            fetcher.receive(.timerFired(TimerID(3), random: 200))
                == [.cancelRequest(RequestID(2)), .startTimer(TimerID(4), milliseconds: 2000)])
        #expect(fetcher.receive(.connectionUp).first == .request(ifNoneMatch: nil, RequestID(3)))
        #expect(fetcher.receive(.paused) == [.cancelRequest(RequestID(3)), .cancelTimer(TimerID(5))])
        #expect(fetcher.receive(.answerReceived(RequestID(3), answer, entityTag: "x")) == [])
        #expect(fetcher.receive(.connectionUp) == [])
    }

    /// The service may have been started anew, with another data model.
    @Test func looksAgainWhenTheServiceIsReachedAgain() {
        var fetcher = SchemaFetcher()
        _ = fetcher.receive(.needed)
        #expect(fetcher.receive(.connectionUp) == [])
        _ = fetcher.receive(.answerReceived(RequestID(1), answer, entityTag: "x"))
        #expect(fetcher.receive(.connectionUp).first == .request(ifNoneMatch: "x", RequestID(2)))
    }
}
