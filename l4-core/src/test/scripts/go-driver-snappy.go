// Writes src/test/resources/compress/go-driver.snappy: what MongoDB's driver for Go makes of SnappyWindowTest.plain().
// In an empty directory:
//
//	cp …/go-driver-snappy.go main.go && go mod init x && go get go.mongodb.org/mongo-driver/v2@v2.10.0 && go mod tidy
//	go run . …/src/test/resources/compress/go-driver.snappy
package main

import (
	"os"

	"go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/wiremessage"
)

var state uint64 = 1

func random(bound uint64) uint64 {
	state = state*6364136223846793005 + 1442695040888963407
	return (state >> 33) % bound
}

// Noise, lines that are nearly the same, the noise again.
func plain() []byte {
	var noise, lines []byte
	for len(noise) < 6000 {
		noise = append(noise, byte(random(256)))
	}
	line := make([]byte, 500)
	for i := range line {
		line[i] = byte('a' + random(26))
	}
	for len(lines) < 500000 {
		line[random(500)] = byte('a' + random(26))
		lines = append(lines, line...)
	}
	return append(append(append([]byte{}, noise...), lines...), noise...)
}

func main() {
	text := plain()
	options := driver.CompressionOpts{Compressor: wiremessage.CompressorSnappy, UncompressedSize: int32(len(text))}
	frame, err := driver.CompressPayload(text, options)
	if err == nil {
		err = os.WriteFile(os.Args[1], frame, 0o644)
	}
	if err != nil {
		panic(err)
	}
}
