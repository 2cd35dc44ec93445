#include "live_keys.h"

#define ESCAPE        0x1b
#define PARAMETER_MAX 1000U

/* `ESC [ LETTER`, and `ESC O LETTER` in the other mode of the keypad. */
static int key_of_letter(unsigned char letter)
{
    switch (letter) {
    case 'A':
        return LIVE_KEY_UP;
    case 'B':
        return LIVE_KEY_DOWN;
    case 'H':
        return LIVE_KEY_HOME;
    case 'F':
        return LIVE_KEY_END;
    default:
        return LIVE_KEY_NONE;
    }
}

/* `ESC [ NUMBER ~` */
static int key_of_number(unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        return LIVE_KEY_HOME;
    case 4:
    case 8:
        return LIVE_KEY_END;
    case 5:
        return LIVE_KEY_PAGE_UP;
    case 6:
        return LIVE_KEY_PAGE_DOWN;
    default:
        return LIVE_KEY_NONE;
    }
}

static int take_in_sequence(struct live_keys *keys, unsigned char byte)
{
    const unsigned number = keys->parameter;

    if (byte >= '0' && byte <= '9' && !keys->has_parameter) {
        if (number < PARAMETER_MAX)
            keys->parameter = 10 * number + (byte - '0');
        return LIVE_KEY_NONE;
    }
    keys->has_parameter = true;
    if (byte < '@' || byte > '~')
        return LIVE_KEY_NONE;
    *keys = (struct live_keys){.state = LIVE_KEYS_PLAIN};
    return byte == '~' ? key_of_number(number) : key_of_letter(byte);
}

int live_keys_take(struct live_keys *keys, unsigned char byte)
{
    if (byte == ESCAPE) {
        *keys = (struct live_keys){.state = LIVE_KEYS_ESCAPE};
        return LIVE_KEY_NONE;
    }
    switch (keys->state) {
    case LIVE_KEYS_PLAIN:
        break;
    case LIVE_KEYS_ESCAPE:
        keys->state = byte == '['   ? LIVE_KEYS_SEQUENCE
                      : byte == 'O' ? LIVE_KEYS_SINGLE
                                    : LIVE_KEYS_PLAIN;
        return LIVE_KEY_NONE;
    case LIVE_KEYS_SEQUENCE:
        return take_in_sequence(keys, byte);
    case LIVE_KEYS_SINGLE:
        keys->state = LIVE_KEYS_PLAIN;
        return key_of_letter(byte);
    }
    return byte;
}
