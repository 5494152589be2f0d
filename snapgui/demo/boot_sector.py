"""The demo's guest: 512 bytes that the BIOS loads to 0x7C00 and runs.

It shows a number that rises about nine times a second in large digits, and with each step fills another 128 KiB of
memory, up to 16 MiB. So a look at the screen tells how far a machine has come, and a later snapshot is a larger one.
"""

import struct

_ORIGIN = 0x7C00
_SIZE = 512
_COLUMNS = 80
_YELLOW, _WHITE = 0x1E, 0x1F  # on blue

# 16-bit x86: the bytes, then what they mean.
_LISTING = """
ea 05 7c 00 00           ;        jmp 0x0:0x7c05
;                         -- no segment but es is ever other than 0; bp is the number counted
31 c0                    ;        xor ax, ax
8e d8                    ;        mov ds, ax
8e d0                    ;        mov ss, ax
bc 00 7c                 ;        mov sp, 0x7c00
31 ed                    ;        xor bp, bp
;                         -- 80 x 25 characters, no cursor
b8 03 00                 ;        mov ax, 0x3
cd 10                    ;        int 0x10
b4 01                    ;        mov ah, 0x1
b9 00 20                 ;        mov cx, 0x2000
cd 10                    ;        int 0x10
;                         -- have the power button set its bit (ACPI's PM1 registers, where SeaBIOS puts them: enable)
ba 02 06                 ;        mov dx, 0x602
b8 00 01                 ;        mov ax, 0x100
ef                       ;        out dx, ax
;                         -- all blue
b8 00 b8                 ;        mov ax, 0xb800
8e c0                    ;        mov es, ax
31 ff                    ;        xor di, di
b8 20 1f                 ;        mov ax, 0x1f20
b9 d0 07                 ;        mov cx, 0x7d0
fc                       ;        cld
f3 ab                    ;        rep stosw
;                         -- write the texts: position, colour, characters, 0
be 1d 7d                 ;        mov si, TEXTS
ad                       ; line:  lodsw
85 c0                    ;        test ax, ax
74 0c                    ;        je wait
97                       ;        xchg di, ax
ac                       ;        lodsb
88 c4                    ;        mov ah, al
ac                       ; char:  lodsb
84 c0                    ;        test al, al
74 f2                    ;        je line
ab                       ;        stosw
eb f8                    ;        jmp char
;                         -- sleep until the BIOS clock (18.2 Hz) has made two ticks
f4                       ; wait:  hlt
a1 6c 04                 ;        mov ax, ds:0x46c
24 fe                    ;        and al, 0xfe
3b 06 07 7d              ;        cmp ax, ds:LAST
74 f4                    ;        je wait
a3 07 7d                 ;        mov ds:LAST, ax
;                         -- switch off where the button was pressed (PM1: status, control)
ba 00 06                 ;        mov dx, 0x600
ed                       ;        in ax, dx
f6 c4 01                 ;        test ah, 0x1
74 07                    ;        je on
ba 04 06                 ;        mov dx, 0x604
b8 00 20                 ;        mov ax, 0x2000
ef                       ;        out dx, ax
45                       ; on:    inc bp
;                         -- es reaches all memory: enter protected mode for a moment
fa                       ;        cli
0f 01 16 f7 7c           ;        lgdtw ds:GDTR
0f 20 c0                 ;        mov eax, cr0
0c 01                    ;        or al, 0x1
0f 22 c0                 ;        mov cr0, eax
bb 08 00                 ;        mov bx, 0x8
8e c3                    ;        mov es, bx
24 fe                    ;        and al, 0xfe
0f 22 c0                 ;        mov cr0, eax
31 db                    ;        xor bx, bx
8e c3                    ;        mov es, bx
;                         -- fill another 128 KiB, from 1 MiB on, 128 times, then again
66 0f b7 fd              ;        movzx edi, bp
83 e7 7f                 ;        and di, 0x7f
66 c1 e7 11              ;        shl edi, 0x11
66 81 c7 00 00 10 00     ;        add edi, 0x100000
66 b9 00 80 00 00        ;        mov ecx, 0x8000
66 89 f8                 ;        mov eax, edi
67 66 f3 ab              ;        rep stosd
fb                       ;        sti
;                         -- draw bp, its last digit first, at column 59 of line 9
b8 00 b8                 ;        mov ax, 0xb800
8e c0                    ;        mov es, ax
89 e8                    ;        mov ax, bp
be 05 00                 ;        mov si, 0x5
bf 16 06                 ;        mov di, 0x616
31 d2                    ; digit: xor dx, dx
bb 0a 00                 ;        mov bx, 0xa
f7 f3                    ;        div bx
50                       ;        push ax
57                       ;        push di
89 d3                    ;        mov bx, dx
01 db                    ;        add bx, bx
8b 97 09 7d              ;        mov dx, [bx+FONT]
;                         -- five rows of three dots; a dot is three characters wide and two lines high
b1 05                    ;        mov cl, 0x5
b5 03                    ; row:   mov ch, 0x3
b8 db 1e                 ; dot:   mov ax, 0x1edb
d1 e2                    ;        shl dx, 1
72 02                    ;        jb lit
b0 20                    ;        mov al, 0x20
ab                       ; lit:   stosw
ab                       ;        stosw
ab                       ;        stosw
26 89 85 9a 00           ;        mov es:[di+0x9a], ax
26 89 85 9c 00           ;        mov es:[di+0x9c], ax
26 89 85 9e 00           ;        mov es:[di+0x9e], ax
fe cd                    ;        dec ch
75 e1                    ;        jne dot
81 c7 2e 01              ;        add di, 0x12e
fe c9                    ;        dec cl
75 d7                    ;        jne row
5f                       ;        pop di
58                       ;        pop ax
83 ef 18                 ;        sub di, 0x18
4e                       ;        dec si
75 bc                    ;        jne digit
e9 50 ff                 ;        jmp wait
"""
_CODE = bytes.fromhex("".join(line.partition(";")[0] for line in _LISTING.splitlines()))

# GDTR: limit and address of the table of segments, which has only one besides the first, unused one: in that
# first one's place stands this very value.
_GDTR = _ORIGIN + len(_CODE)
_SEGMENTS = struct.pack("<HIH", 15, _GDTR, 0) + bytes.fromhex("ffff 0000 0092 cf00")  # data, from 0, 4 GiB
_LAST = struct.pack("<H", 0)  # the BIOS clock at the last step

_DIGITS = (
    "### .#. ### ### #.# ### ### ### ### ###",
    "#.# ##. ..# ..# #.# #.. #.. ..# #.# #.#",
    "#.# .#. ### ### ### ### ### ..# ### ###",
    "#.# .#. #.. ..# ..# ..# #.# ..# #.# ..#",
    "### ### ### ### ..# ### ### ..# ### ###",
)

_TEXTS = (
    (3, _YELLOW, "snapgui demo"),
    (5, _WHITE, "This machine counts."),
    (21, _WHITE, "Take a snapshot, wait, revert."),
)


def boot_sector() -> bytes:
    """The whole sector, with the signature that makes it bootable."""
    content = _CODE + _SEGMENTS + _LAST + _font() + _texts()
    return content.ljust(_SIZE - 2, b"\0") + b"\x55\xaa"


def _font() -> bytes:
    """A word for each digit: its dots from the highest bit on, row by row, three to a row."""
    rows = [row.split() for row in _DIGITS]
    dots = ["".join(row[digit] for row in rows) for digit in range(10)]
    return b"".join(struct.pack("<H", int(dot.replace("#", "1").replace(".", "0"), 2) << 1) for dot in dots)


def _texts() -> bytes:
    """Each text in the middle of its line; a position of 0 ends them."""
    packed = b""
    for line, colour, text in _TEXTS:
        position = 2 * (line * _COLUMNS + (_COLUMNS - len(text)) // 2)
        packed += struct.pack("<HB", position, colour) + text.encode("ascii") + b"\0"
    return packed + struct.pack("<H", 0)
