/* The program cmd/rwml-delta, as bytes; helper.h. */
    .section .rodata
    .global helper_bytes
    .balign 16
helper_bytes:
    .incbin "build/helper/rwml-delta"
    .global helper_end
helper_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
