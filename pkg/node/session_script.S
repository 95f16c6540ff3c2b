/* The text of session.sh. */
    .section .rodata
    .global session_script
session_script:
    .incbin "pkg/node/session.sh"
    .byte 0
    .section .note.GNU-stack, "", %progbits
