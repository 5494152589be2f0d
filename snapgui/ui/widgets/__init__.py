"""Parts that several windows and dialogs are made of. Text from outside is plain text in all of them."""
