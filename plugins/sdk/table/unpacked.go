package table

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// unpacked is a Parquet file as it would be if some of its columns were not
// compressed. Pages are unpacked when they are read; what is held is the place of
// each, and the latest page of each column chunk.
type unpacked struct {
	source io.ReaderAt
	parts  []part // in order, without gaps
	size   int64

	mu     sync.Mutex
	latest map[int]held // by column chunk
}

// part is a piece of the file: text, bytes of the source as they are, or a page that
// is to be unpacked.
type part struct {
	at, size int64
	text     []byte // if it is made here
	from     int64  // in the source
	page     *page  // nil: as it is
}

// page is packed in the source.
type page struct {
	codec  format.CompressionCodec
	packed int64
	plain  int64 // bytes before it that are never compressed: the levels of a page of version 2
	crc    uint32
	chunk  int
}

type held struct {
	from int64
	data []byte
}

// unpackedFile is a view of a file, or nil if all of it can be read as it is. The
// file's footer, which is not changed, has been checked against its size.
func unpackedFile(source io.ReaderAt, footer *format.FileMetaData) (*unpacked, error) {
	codecs := map[string]format.CompressionCodec{}
	needed := false
	for _, group := range footer.RowGroups {
		for _, chunk := range group.Columns {
			m := chunk.MetaData
			name := strings.Join(m.PathInSchema, ".")
			if err := checkCodec(m.Codec); err != nil {
				return nil, fmt.Errorf("column %q %w", name, err)
			}
			first, seen := codecs[name]
			if seen && first != m.Codec { // the library takes the first one for all
				return nil, fmt.Errorf("column %q is compressed by the codec %s in one row group and by %s in another, which is not supported: write the table anew with one", name, first, m.Codec)
			}
			codecs[name] = m.Codec
			needed = needed || unpacks(m.Codec)
		}
	}
	if !needed {
		return nil, nil
	}
	u := &unpacked{source: source, latest: map[int]held{}}
	u.text([]byte(magic))
	changed := *footer
	changed.RowGroups = slices.Clone(footer.RowGroups)
	count := 0
	for g := range changed.RowGroups {
		group := &changed.RowGroups[g]
		group.Columns = slices.Clone(group.Columns)
		group.FileOffset, group.TotalCompressedSize = 0, 0
		for c := range group.Columns {
			chunk := &group.Columns[c]
			if err := u.addChunk(count, chunk, unpacks(chunk.MetaData.Codec)); err != nil {
				return nil, fmt.Errorf("%w: column %q: %w", ErrDamaged, strings.Join(chunk.MetaData.PathInSchema, "."), err)
			}
			count++
		}
	}
	text, err := thrift.Marshal(&thrift.CompactProtocol{}, &changed)
	if err != nil {
		return nil, err
	}
	u.text(text)
	u.text(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), magic...))
	return u, nil
}

func (u *unpacked) text(text []byte) {
	u.parts = append(u.parts, part{at: u.size, size: int64(len(text)), text: text})
	u.size += int64(len(text))
}

// addChunk adds a column chunk, and changes what is said of it.
func (u *unpacked) addChunk(number int, chunk *format.ColumnChunk, unpack bool) error {
	m := &chunk.MetaData
	start := m.DataPageOffset
	if m.DictionaryPageOffset > 0 {
		start = min(start, m.DictionaryPageOffset)
	}
	moved := u.size - start
	chunk.FileOffset, chunk.OffsetIndexOffset, chunk.OffsetIndexLength, chunk.ColumnIndexOffset, chunk.ColumnIndexLength = 0, 0, 0, 0, 0
	m.BloomFilterOffset, m.BloomFilterLength, m.IndexPageOffset = 0, 0, 0
	if !unpack {
		u.parts = append(u.parts, part{at: u.size, size: m.TotalCompressedSize, from: start})
		u.size += m.TotalCompressedSize
		m.DataPageOffset += moved
		if m.DictionaryPageOffset > 0 {
			m.DictionaryPageOffset += moved
		}
		return nil
	}
	begins := u.size
	dataAt, dictionaryAt := int64(0), int64(0)
	for at, end := start, start+m.TotalCompressedSize; at < end; {
		header, length, err := u.header(at, end)
		if err != nil {
			return err
		}
		p := page{codec: m.Codec, packed: int64(header.CompressedPageSize), crc: uint32(header.CRC), chunk: number}
		if v2 := header.DataPageHeaderV2; v2.Valid {
			p.plain = int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
			if !compressed(v2.V) {
				p.codec = format.Uncompressed
			}
		}
		size := int64(header.UncompressedPageSize)
		if size < 0 || p.packed < 0 || p.packed > end-at-length || p.plain < 0 || p.plain > min(p.packed, size) {
			return errors.New("a page's header is impossible")
		}
		if p.codec == format.Uncompressed {
			size = p.packed
		}
		if header.Type == format.DictionaryPage {
			dictionaryAt = u.size
		} else if dataAt == 0 {
			dataAt = u.size
		}
		header.CompressedPageSize, header.UncompressedPageSize, header.CRC = int32(size), int32(size), 0
		text, err := thrift.Marshal(&thrift.CompactProtocol{}, header)
		if err != nil {
			return err
		}
		u.text(text)
		u.parts = append(u.parts, part{at: u.size, size: size, from: at + length, page: &p})
		u.size += size
		at += length + p.packed
	}
	m.Codec, m.DataPageOffset, m.DictionaryPageOffset, m.TotalCompressedSize = format.Uncompressed, dataAt, dictionaryAt, u.size-begins
	return nil
}

func compressed(v2 format.DataPageHeaderV2) bool { return !v2.IsCompressed.Valid || v2.IsCompressed.V }

// header reads the header of the page at an offset, and its length.
func (u *unpacked) header(at, end int64) (*format.PageHeader, int64, error) {
	protocol := thrift.CompactProtocol{}
	section := io.NewSectionReader(u.source, at, end-at)
	buffer := bufio.NewReaderSize(section, 1<<8)
	header := new(format.PageHeader)
	if err := thrift.NewDecoder(protocol.NewReader(buffer)).Decode(header); err != nil {
		return nil, 0, fmt.Errorf("a page's header: %w", err)
	}
	read, err := section.Seek(0, io.SeekCurrent)
	return header, read - int64(buffer.Buffered()), err
}

// ReadAt reads the file as it would be.
func (u *unpacked) ReadAt(to []byte, offset int64) (n int, err error) {
	if offset < 0 || offset >= u.size {
		return 0, io.EOF
	}
	i := sort.Search(len(u.parts), func(i int) bool { return u.parts[i].at+u.parts[i].size > offset })
	for ; n < len(to) && i < len(u.parts); i++ {
		p := u.parts[i]
		within := offset + int64(n) - p.at
		want := to[n:min(int64(len(to)), int64(n)+p.size-within)]
		switch {
		case p.text != nil:
			copy(want, p.text[within:])
		case p.page == nil:
			if _, err := u.source.ReadAt(want, p.from+within); err != nil {
				return n, err
			}
		default:
			data, err := u.unpack(p)
			if err != nil {
				return n, err
			}
			copy(want, data[within:])
		}
		n += len(want)
	}
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

// unpack reads a page, or has it from the last time.
func (u *unpacked) unpack(p part) ([]byte, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if h := u.latest[p.page.chunk]; h.data != nil && h.from == p.from {
		return h.data, nil
	}
	packed := make([]byte, p.page.packed)
	if _, err := u.source.ReadAt(packed, p.from); err != nil {
		return nil, err
	}
	if p.page.crc != 0 && crc32.ChecksumIEEE(packed) != p.page.crc {
		return nil, errors.New("a page's checksum is another")
	}
	data, err := unpack(p.page.codec, packed[p.page.plain:], int(p.size-p.page.plain))
	if err == nil && int64(len(data)) != p.size-p.page.plain {
		err = fmt.Errorf("a page has %d bytes of %d", len(data), p.size-p.page.plain)
	}
	if err != nil {
		return nil, err
	}
	if p.page.plain > 0 {
		data = slices.Concat(packed[:p.page.plain], data)
	}
	u.latest[p.page.chunk] = held{p.from, data}
	return data, nil
}
